"""Filling a column of a large table without stopping anyone: small batches over its key, as fast as replicas and load
allow.

`keys` finds what to go by, `proposing` makes the proposal, `batches` carries it out, `throttle` says when to wait.
"""
