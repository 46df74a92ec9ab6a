"""How large tables are, and how they are read."""
