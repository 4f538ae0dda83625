"""Files on local disks and object stores: reading, publishing, fencing, locking, Parquet."""
