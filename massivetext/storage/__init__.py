"""Files on local disks and object stores: publishing, fencing, locking, Parquet."""
