"""The write-ahead log: checkpoints, archiving, pg_wal."""
