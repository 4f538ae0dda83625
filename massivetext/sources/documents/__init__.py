"""Any documents: records in JSON, CSV, Parquet and Arrow files, and whole files, as documents."""
