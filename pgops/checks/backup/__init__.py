"""Backups: what the tools that make them say."""
