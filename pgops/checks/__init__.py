"""Checks: what is looked at, how it is judged, and the runner that does both.

Modules here are the machinery, packages are the topics: one check a file, named by its slug.
"""
