"""Query plans: EXPLAIN as typed data, with advice, comparison, and ANALYZE only where it is safe or approved."""
