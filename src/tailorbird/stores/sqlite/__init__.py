"""The system of record on one machine: SQLite, WAL, synchronous FULL, one writer."""
