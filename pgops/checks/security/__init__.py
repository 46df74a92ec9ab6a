"""Who may see and do what: the roles, the rights, and the files that hold passwords."""
