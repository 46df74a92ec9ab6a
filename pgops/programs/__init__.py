"""PostgreSQL's client programs: which there are, which fits a server, and how one is run without showing a secret."""
