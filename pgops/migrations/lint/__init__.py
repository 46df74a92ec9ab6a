"""Lint of SQL that is about to be carried out: what it would block, break or fail on, and how to write it instead.

`api` is what a rule is, `rules/` holds them (one a file), `registry` knows them all, `linter` goes through a script,
`ignores` are the exceptions that people wrote beside their SQL, `sarif` and `github` write findings for other tools.
"""
