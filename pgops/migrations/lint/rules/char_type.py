"""CHAR(n) pads with blanks and checks nothing that text with a CHECK does not.

A character(n) is filled up with blanks to its length; blanks at its end are ignored by comparison and kept in
storage, so that lengths and LIKE surprise. It is no faster than text (manual, section 8.3; PostgreSQL wiki, "Don't Do
This").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._columns import columns_of_type
from pgops.sql.statements import AddColumn, AlterType, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

BAD = "CREATE TABLE country (code char(2));"
GOOD = "CREATE TABLE country (code text CHECK (length(code) = 2));"


def look(step: Step) -> Iterator[Hit]:
    for table, column in columns_of_type(step, "bpchar"):
        yield Hit(
            message=f"{table}.{column.name} is a CHAR, which pads with blanks; text with a CHECK does not.",
            target=table.target("table", column.name),
        )


RULE = Rule(
    id="char-type",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("ban-char-field",),
    statements=(CreateTable, AddColumn, AlterType),
)
