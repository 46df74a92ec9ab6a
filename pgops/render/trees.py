"""A tree as indented lines, for writers whose page is made of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.render.document import Content, Tree

DEEPEST = 24
"""Below this the indentation stays: a chain of a thousand sessions must not become a page a thousand columns wide."""


class Branch(NamedTuple):
    first: str  # what stands before the first line of the label
    others: str  # and before its other lines
    label: Content


def branches_of(tree: Tree) -> Iterator[Branch]:
    """The lines of a tree from top to bottom. It keeps its own stack: the depth is whatever the server's is."""
    yield Branch("", "", tree.label)
    stack = [("", iter(tree.children), len(tree.children))]
    while stack:
        before, children, left = stack.pop()
        child = next(children, None)
        if child is None:
            continue
        stack.append((before, children, left - 1))
        last = left == 1
        below = before + ("   " if last else "│  ")
        yield Branch(before + ("└─ " if last else "├─ "), below, child.label)
        stack.append((below if len(stack) < DEEPEST else before, iter(child.children), len(child.children)))
