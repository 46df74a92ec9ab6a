"""How wide a row or an index entry is, by the statistics of its columns: what estimates of bloat are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

LINE_POINTER, PAGE_HEADER, MAXALIGN = 4, 24, 8
"""Bytes, on every platform that is 64 bits wide (manual, section "Database Page Layout")."""
SHORT = 127
"""A value of variable length up to here has a header of one byte, and is not aligned."""


@attrs.frozen(kw_only=True)
class Columns:
    """What is known of columns, in their order; the four are of one length."""

    lengths: Sequence[int]
    """Of each its bytes, or -1 where it varies."""
    alignments: Sequence[int]
    widths: Sequence[float]
    """Average bytes of a value that is not NULL."""
    null_shares: Sequence[float]


@attrs.frozen
class Width:
    """The expected bytes, and whether every row has them."""

    expected_bytes: float
    fixed: bool


def tuple_width(header_bytes: int, columns: Columns) -> Width:
    """Header and columns, each with the padding in front of it; after one that varies an average."""
    offset, fixed = 0.0, True
    for length, alignment, width, null_share in zip(
        columns.lengths, columns.alignments, columns.widths, columns.null_shares, strict=True
    ):
        varies = length < 0
        apart = 1 if varies and width <= SHORT else alignment
        padding = -offset % apart if fixed else (apart - 1) / 2
        offset += (1 - null_share) * (padding + width)
        fixed = fixed and not varies and null_share in (0.0, 1.0)
    header = aligned(header_bytes)
    return Width(header + (aligned(offset) if fixed else offset + (MAXALIGN - 1) / 2), fixed)


def aligned(size: float) -> float:
    """`size`, up to the next multiple of eight bytes."""
    return math.ceil(size / MAXALIGN) * MAXALIGN
