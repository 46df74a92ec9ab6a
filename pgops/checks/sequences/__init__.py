"""Sequences that run out."""
