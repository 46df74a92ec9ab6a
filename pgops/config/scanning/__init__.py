"""Connections that a project's own files mention.

`scanned_files` says which files are looked at, `comments` and `url_texts` how their text is read, `mentions` what in it
names a connection, `combining` which variables belong together, `candidates` what comes out; `scanner` is the walk.
"""
