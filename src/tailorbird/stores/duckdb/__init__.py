"""The derived store on one machine: DuckDB, fed from the log in order, rebuilt at will."""
