"""SQL, read with PostgreSQL's own grammar: `grammar` is the door, `statements` what a statement says, `script` a text
of them.
"""
