"""What a plan's own numbers say is worth a look: one rule a function, themed by file, and nothing asked of a server."""
