"""SQL that is run on purpose: read-only scripts, proposals for everything else, and psql itself."""
