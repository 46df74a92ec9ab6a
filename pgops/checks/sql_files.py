"""A project's own checks without a package: a folder of `.sql` files, each with a TOML header.

    /*
    title = "Order that nobody pays for"
    why = "Stock is set aside for it. False alarm: a customer who pays by letter."
    severity = "warning"
    message = "Order {number} has been open for {open_days} days."
    columns = { number = "str", open_days = "int" }

    [target]
    kind = "order"
    name = "number"

    [limits.days]
    default = 14
    unit = "days"
    doc = "How long an order may be open."
    */
    SELECT o.number::text, (current_date - o.made)::int AS open_days
      FROM shop.orders AS o
     WHERE o.paid IS NULL AND o.made < current_date - :days

The file `open_order.sql` becomes the check `project.open_order`; in a subfolder `shop` it is `shop.open_order`. A limit
is written `:days`, as a variable of psql, so the file runs there as it is; a percent sign is just one. Everything else
is as in a check written in Python, and the header's values are data: nothing in such a file can run Python.

The SQL is one SELECT, VALUES or TABLE. It goes by the extended protocol, which takes no second statement, within a
transaction that is read-only.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import attrs

from pgops.checks.api import Check, Loosest, NoLimits, Query, Requires, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.checks.records import TYPES, record_class
from pgops.checks.registry import BrokenPlugin, Registered
from pgops.checks.sql_text import with_parameters, without_comments
from pgops.errors import BadCheckError, did_you_mean
from pgops.findings import Severity, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.checks.registry import Registry

T = TypeVar("T")

TOPIC = "project"
LARGEST_BYTES = 1_000_000
OLDEST_MAJOR = 14

_HEADER = re.compile(r"\s*/\*(?P<toml>.*?)\*/(?P<sql>.*)", re.DOTALL)
_QUESTION = re.compile(r"\s*\(*\s*(SELECT|VALUES|TABLE|WITH)\b", re.IGNORECASE)
_SLUG = re.compile(r"[a-z][a-z0-9_]*")
_LIMIT_TYPES = (bool, int, float, str)

_KEYS = (
    *("title", "why", "columns", "severity", "target", "message", "fix", "limits", "aliases", "since", "requires"),
    *("scope", "standby", "opt_in", "max_rows", "details"),
)


def with_checks_of(registry: Registry, folder: Path | None) -> Registry:
    """`registry` with the checks of a folder, which are asked as strangers are. What can't be read is in its `broken`.

    Asking again adds nothing. Raises `DuplicateCheckError` where one of them has the id of another check.
    """
    if folder is None:
        return registry
    known = {(entry.check.id, entry.origin) for entry in registry}
    said = {plugin.name for plugin in registry.broken}
    entries, broken = [], []
    for origin, found in _found(folder):
        if isinstance(found, BrokenPlugin):
            broken += [] if found.name in said else [found]
        elif (found.id, origin) not in known:
            entries.append(Registered(found, origin))
    return attrs.evolve(registry, entries=(*registry.entries, *entries), broken=(*registry.broken, *broken))


def _found(folder: Path) -> Iterator[tuple[str, Check[Any, Any] | BrokenPlugin]]:
    """Each file's origin with its check, or with why it is none."""
    if not folder.is_dir():
        yield str(folder), BrokenPlugin(str(folder), "there is no such folder")
        return
    for file in sorted((*folder.glob("*.sql"), *folder.glob("*/*.sql"))):
        origin = str(Path(folder.name) / file.relative_to(folder))
        try:
            yield origin, check_in(file, folder)
        except (BadCheckError, OSError) as error:
            yield origin, BrokenPlugin(origin, str(error))


def check_in(file: Path, folder: Path) -> Check[Any, Any]:
    """The check of one file below `folder`. Raises `BadCheckError` that says what is wrong with it."""
    if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
        raise BadCheckError(f"{file} leads out of the folder of the project's checks.")
    if file.stat().st_size > LARGEST_BYTES:
        raise BadCheckError(f"{file} has more than {LARGEST_BYTES:,} bytes.")
    topic = TOPIC if file.parent == folder else file.parent.name
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadCheckError(f"{file} is not UTF-8.") from None
    return check_of(text, topic=topic, slug=file.stem)


def check_of(text: str, *, slug: str, topic: str = TOPIC) -> Check[Any, Any]:
    """The check that the text of a file declares. Raises `BadCheckError`."""
    for name in (topic, slug):
        if not _SLUG.fullmatch(name):
            raise BadCheckError(f"The name {name!r} is not in lower case letters, digits and underscores.")
    parts = _HEADER.fullmatch(text)
    if parts is None:
        raise BadCheckError("The file does not begin with a header: /* TOML */.")
    try:
        header = _Header(tomllib.loads(parts["toml"]))
    except tomllib.TOMLDecodeError as error:
        raise BadCheckError(f"The header is no TOML: {error}.") from None
    return header.check(f"{topic}.{slug}", parts["sql"])


@attrs.frozen
class _Header:
    """The TOML of a file, each value held against what it may be."""

    said: Mapping[str, Any]

    def __attrs_post_init__(self) -> None:
        _only(self.said, _KEYS, "header")

    def check(self, id_: str, sql: str) -> Check[Any, Any]:
        row = self.row()
        limits = self.limits()
        judge = self.judge()
        requires = self.table("requires")
        _only(requires, ("role", "extension", "extension_version"), "requires")
        scope = self.text("scope", Scope.DATABASE.value)
        if scope not in {each.value for each in Scope}:
            _wrong(f"scope is {scope!r}", "It is database or cluster.")
        return Check(
            id=id_,
            doc=f"{self.needed('title')}\n\n{self.needed('why')}",
            row=row,
            limits=limits,
            judge=judge,
            target=self.target(row) if "target" in self.said else None,
            queries=[self.query(sql, {field.name for field in attrs.fields(limits)}, requires)],
            aliases=self.texts("aliases"),
            scope=Scope(scope),
            standby=self.of_type("standby", True),
            opt_in=self.of_type("opt_in", False),
            max_rows=self.of_type("max_rows", 10_000),
            requires=Requires(**requires),
        )

    def row(self) -> type[Any]:
        columns = self.table("columns")
        if not columns:
            _wrong("columns is missing", 'Name every column of the SQL with its type: columns = { name = "str" }.')
        for name, word in columns.items():
            if not isinstance(word, str) or word.removesuffix("?") not in TYPES:
                _wrong(
                    f"the column {name} is {word!r}", f"A type is one of {', '.join(TYPES)}, with ? if it may be NULL."
                )
        try:
            return record_class(tuple(columns.items()))
        except ValueError as error:
            _wrong(str(error), "Give the column another name in the SQL.")

    def limits(self) -> type[Any]:
        declared = {}
        for name, said in self.table("limits").items():
            if not isinstance(said, dict) or not _SLUG.fullmatch(name):
                _wrong(f"limits.{name} is no declaration of a limit", f"Write [limits.{_plain(name)}].")
            _only(said, ("default", "unit", "doc", "loosest"), f"limits.{name}")
            if not isinstance(said.get("default"), _LIMIT_TYPES):
                _wrong(f"limits.{name} has no default", "It is a number, a text, or true or false.")
            loosest = said.get("loosest", Loosest.LOWEST.value)
            if loosest not in {each.value for each in Loosest}:
                _wrong(f"limits.{name}.loosest is {loosest!r}", "It is lowest or highest.")
            field = limit(
                said["default"],
                unit=str(said.get("unit", "")),
                doc=str(said.get("doc", "")),
                loosest=Loosest(loosest),
            )
            field.type = type(said["default"])
            declared[name] = field
        return attrs.make_class("Limits", declared, frozen=True, kw_only=True) if declared else NoLimits

    def judge(self) -> each_row | None:
        if "severity" not in self.said:
            surplus = sorted({"message", "fix", "details"} & self.said.keys())
            if surplus:
                _wrong(f"{surplus[0]} says what is found, and severity is missing", 'Write severity = "warning".')
            return None
        if "target" not in self.said:
            _wrong("target is missing", 'Say what a row is about: [target] kind = "table", name = "<column>".')
        return each_row(
            severity=self.severity(),
            target=self.target(self.row()),
            message=self.needed("message"),
            fix=self.text("fix") or None,
            details=self.texts("details"),
        )

    def severity(self) -> Severity | by:
        said = self.said["severity"]
        if isinstance(said, dict):
            _only(said, ("by", "info", "warning", "critical", "falling"), "severity")
            if not isinstance(said.get("by"), str):
                _wrong("severity names no column", 'Write severity = { by = "<column>", warning = "<limit>" }.')
            bounds = {name: str(bound) for name, bound in said.items() if name in ("info", "warning", "critical")}
            return by(said["by"], falling=bool(said.get("falling", False)), **bounds)
        try:
            return Severity.parse(str(said))
        except ValueError as error:
            _wrong(str(error), "Or a table: severity = { by = ... }.")

    def target(self, row: type[Any]) -> Callable[[Any], Target]:
        said = self.table("target")
        _only(said, ("kind", "schema", "name", "sub", "also"), "target")
        columns = {field.name for field in attrs.fields(row)}
        also = said.get("also", [])
        if not isinstance(also, list):
            _wrong("target.also is no list", "It names columns.")
        named = {key: said[key] for key in ("schema", "name", "sub") if key in said}
        for key, column in (*named.items(), *(("also", column) for column in also)):
            if column not in columns:
                _wrong(f"target.{key} names {column!r}, which is no column", did_you_mean(str(column), columns))
        if not isinstance(said.get("kind"), str) or "name" not in named:
            _wrong("target lacks kind or name", "kind is a word, name the column with the object's name.")
        kind = said["kind"]

        def target_of(row: Any) -> Target:
            part = {key: getattr(row, column) for key, column in named.items()}
            texts = {key: str(value) for key, value in part.items() if value is not None}
            parts = (texts.get("schema"), texts.get("name", ""), texts.get("sub"))
            return Target(kind, *parts, also=[str(getattr(row, column)) for column in also])

        return target_of

    def query(self, sql: str, limits: set[str], requires: Mapping[str, Any]) -> Query:
        if not _QUESTION.match(without_comments(sql)):
            _wrong("the SQL is no SELECT, VALUES or TABLE", "A check asks one question, and changes nothing.")
        extension = requires.get("extension")
        return Query(
            since=self.of_type("since", OLDEST_MAJOR),
            # No literal of ours, whatever its type says: it is asked as a stranger is.
            sql=cast("Any", with_parameters(sql.strip(), limits)),
            extension=(extension, requires.get("extension_version", "0")) if extension else None,
        )

    # --- values ------------------------------------------------------------------------------------------------------

    def needed(self, key: str) -> str:
        text = self.text(key)
        if not text.strip():
            _wrong(f"{key} is missing", f'Write {key} = "..." in the header.')
        return text

    def text(self, key: str, default: str = "") -> str:
        return self.of_type(key, default)

    def texts(self, key: str) -> tuple[str, ...]:
        found: list[Any] = self.of_type(key, [])
        if not all(isinstance(each, str) for each in found):
            _wrong(f"{key} holds something else than texts", f'Write {key} = ["..."].')
        return tuple(found)

    def table(self, key: str) -> dict[str, Any]:
        return self.of_type(key, {})

    def of_type(self, key: str, default: T) -> T:
        value = self.said.get(key, default)
        if type(value) is not type(default):
            _wrong(f"{key} is {value!r}", f"It has to be {_WORDS[type(default)]}.")
        return value


_WORDS: Mapping[type, str] = {
    str: "a text",
    list: "a list",
    dict: "a table",
    bool: "true or false",
    int: "a whole number",
}


def _only(said: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in said:
        if key not in known:
            _wrong(f"the {where} has the key {key!r}", did_you_mean(key, known) or f"It knows {', '.join(known)}.")


def _wrong(what: str, cure: str) -> NoReturn:
    raise BadCheckError(f"The check can't be read: {what}.", cure=cure)


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name.lower()) or "name"


SCAFFOLD = """/*
title = "{title}"
why = \"\"\"
Say why it matters, what to do about it, and when it is a false alarm.
\"\"\"
severity = "warning"    # or by a number: {{ by = "rows", warning = "min_rows", critical = "..." }}; a listing has none
message = "{{target}} has {{rows}} rows."
# fix = "ANALYZE {{target}};"           SQL that runs as it is; names are quoted
columns = {{ schema = "str", table = "str", rows = "int" }}    # str? for one that may be NULL

[target]                # what a row is about: the columns with its names
kind = "table"
schema = "schema"
name = "table"

[limits.min_rows]       # in the SQL: :min_rows, as a variable of psql
default = 1_000_000
unit = "rows"
doc = "Leave out smaller tables."
*/
SELECT n.nspname::text     AS schema,
       c.relname::text     AS "table",
       c.reltuples::bigint AS rows
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r'
   AND c.reltuples >= :min_rows
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY c.reltuples DESC
"""
"""The beginning of a check: what it says and asks runs as it is."""
