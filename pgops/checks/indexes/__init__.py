"""Indexes that are missing, wrong, or not worth their cost."""
