"""Dead rows, stale statistics, and transaction ids that run out."""
