"""What a check says: how bad (`Severity`), about what (`Target`), and the sentence with its remedy (`Finding`).

A `Target` holds the unquoted parts of a name, as the catalogue has them, so it can be compared and counted; its `sql`
is what can be pasted into a statement.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs


def as_tuple(items: Iterable[Any]) -> tuple[Any, ...]:
    """A converter for fields that hold several things: `attrs.field(converter=as_tuple)`.

    A single text is refused with a `TypeError`: `("orders")` is a text and no tuple, and would become its letters.
    """
    if type(items) is tuple:
        return items
    if isinstance(items, str):
        raise TypeError(f"several texts are wanted here, and {items!r} is one: write ({items!r},)")
    return tuple(items)


def as_json(value: Any) -> Any:
    """`value` in JSON's own types: times as ISO 8601 in UTC, numbers that JSON lacks (NaN, Infinity) as text.

    >>> as_json({"ages": (1, 2.5), "at": dt.datetime(2026, 11, 22, tzinfo=dt.UTC)})
    {'ages': [1, 2.5], 'at': '2026-11-22T00:00:00+00:00'}
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): as_json(each) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [as_json(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(as_json, value), key=str)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


def _facts(details: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: as_json(value) for name, value in details.items()} if details else details


class Severity(enum.IntEnum):
    """How bad a finding is. Severities compare: `Severity.CRITICAL > Severity.WARNING`.

    >>> str(Severity.WARNING), Severity.parse("critical") > Severity.WARNING
    ('warning', True)
    """

    INFO = 10
    WARNING = 20
    CRITICAL = 30

    def __str__(self) -> str:
        return self.name.lower()

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)  # int's would write the number as soon as there is a width

    @classmethod
    def parse(cls, name: str) -> Severity:
        """The severity called `name`, in any letter case; `ValueError` lists the names."""
        try:
            return cls[name.upper()]
        except KeyError:
            known = ", ".join(str(severity) for severity in cls)
            raise ValueError(f"no severity is called {name!r}; there are {known}") from None


def quote_identifier(name: str) -> str:
    """`name` as it has to stand in SQL, quoted where PostgreSQL 18 needs it (manual, section 4.1.1 and appendix C).

    >>> quote_identifier("orders"), quote_identifier("Order"), quote_identifier("user"), quote_identifier('a"b')
    ('orders', '"Order"', '"user"', '"a""b"')
    """
    # What is quick to see comes first: a report may name 100,000 tables.
    plain = (name.isidentifier() and name.islower() and name.isascii()) or _PLAIN.fullmatch(name)
    if plain and name not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


@attrs.frozen
class Target:
    """The thing that a finding is about, in unquoted parts.

    `kind` is PostgreSQL's word for it (`table`, `index`, `sequence`, `session`, `database` ...). `sub` is a part of the
    thing (a column, a constraint of a table). `also` holds whatever else belongs to its identity: the other index of a
    pair, a session's application and query id. None of them ever is a measured number, so a suppression or a comparison
    with an earlier report still fits tomorrow.

    >>> str(Target("constraint", "public", "Order", "order_fkey"))
    'public."Order".order_fkey'
    """

    kind: str
    schema: str | None
    name: str
    sub: str | None = None
    also: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)

    @property
    def sql(self) -> str:
        """The qualified name, quoted where it has to be."""
        name = quote_identifier(self.name)
        if self.schema is not None:
            name = f"{quote_identifier(self.schema)}.{name}"
        return name if self.sub is None else f"{name}.{quote_identifier(self.sub)}"

    def __str__(self) -> str:
        return self.sql


@attrs.frozen
class Finding:
    """One thing that is wrong, and how to mend it.

    `message` is a sentence for people. `fix` is SQL that can be run as it is, or None where a person has to decide.
    `confidence`, from 0 to 1, is given where the finding rests on an estimate. `details` are further facts, as JSON
    types.

    `check` and `nth` are filled in by the runner: `nth` tells apart findings of one check about equal targets (two
    sessions of the same user, database and application).
    """

    severity: Severity
    target: Target
    message: str
    fix: str | None = None
    confidence: float | None = None
    details: Mapping[str, Any] = attrs.field(factory=dict, converter=_facts, hash=False)
    check: str = attrs.field(default="", kw_only=True)
    nth: int = attrs.field(default=1, kw_only=True)

    @property
    def fingerprint(self) -> str:
        """20 hexadecimal digits that stay the same from run to run: of the check's id and the target's parts."""
        target = self.target
        parts = [self.check, target.kind, target.schema, target.name, target.sub, target.also, self.nth]
        return _digest(json.dumps(parts, ensure_ascii=True))


@attrs.frozen
class Unseen:
    """One thing that a check should have judged and could not see: neither healthy nor wrong, but unknown.

    `reason` says what was missing, `cure` how to grant it (SQL where possible). A check that found nothing and left
    things unseen is SKIPPED, never CLEAN.
    """

    target: Target
    reason: str
    cure: str = ""


@functools.lru_cache(maxsize=4096)
def _digest(identity: str) -> str:
    return hashlib.sha256(identity.encode("ascii")).hexdigest()[:20]


_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")

# All words that pg_get_keywords() of PostgreSQL 18 gives with catcode other than U; older versions have fewer.
_KEYWORDS = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
    cast char character check coalesce collate collation column concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
    interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query
    json_scalar json_serialize json_table json_value lateral leading least left like limit localtime
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on
    only or order out outer overlaps overlay placing position precision primary real references returning right
    row select session_user setof similar smallint some substring symmetric system_user table tablesample then
    time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where
    window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable
    """.split()  # noqa: SIM905  a list of 160 quoted words is worse to read
)
