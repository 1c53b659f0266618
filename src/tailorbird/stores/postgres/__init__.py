"""PostgreSQL as the system of record of several machines: the ledger and the outbox."""
