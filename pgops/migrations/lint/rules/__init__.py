"""pgops' lint rules: one a file, named as its id with underscores. The folder is the list."""
