"""A small neutral document tree and its writers: terminal text, Markdown, HTML.

`document` has the blocks, `quantities` writes numbers for people, `visible` makes hostile text harmless; `text`,
`markdown` and `html` write a `Document`. Nothing here knows what a check or a plan is.
"""
