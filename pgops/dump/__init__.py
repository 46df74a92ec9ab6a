"""Dump and restore: pg_dump and pg_restore, watched, whole or not at all, and proved by counts and hashes."""
