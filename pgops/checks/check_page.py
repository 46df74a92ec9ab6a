"""A check explained: its page in Markdown, and its SQL as psql takes it.

docs/checks and `pgops checks explain` show the same page: everything on it is read off the declaration.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from pgops.checks.api import Check, Loosest, Query
from pgops.checks.check_settings import limit_types
from pgops.checks.records import field_types
from pgops.findings import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgops.checks.check_settings import Bounds

NEWEST_MAJOR = 18


def markdown_page(check: Check[Any, Any], *, examples: Mapping[str, str] | None = None) -> str:
    """The page of one check. `examples` are SQL scripts by their headings."""
    title, _, rest = check.doc.partition("\n")
    parts = [f"# {title.removesuffix('.')}", _facts(check), rest.strip()]
    if attrs.fields(check.limits):
        parts += ["## Limits", _limits(check)]
    parts += ["## What it gives", _columns(check)]
    for heading, script in (examples or {}).items():
        parts += [f"## {heading}", sql_block(script)]
    for query in sorted(check.queries, key=lambda query: -query.since):
        parts += [f"## SQL, {_since(query)}", sql_block(query.sql)]
        if query.for_each_row is not None:
            parts += ["Then, for each of these rows:", sql_block(query.for_each_row)]
    return "\n\n".join(part for part in parts if part) + "\n"


def sql_block(sql: str) -> str:
    """SQL as Markdown shows it."""
    return f"```sql\n{sql.strip()}\n```"


def _facts(check: Check[Any, Any]) -> str:
    kind = "judges" if check.judge else "is a listing, without a verdict"
    reach = "the database that is asked" if check.scope.value == "database" else "the whole server"
    lines = [f"`{check.id}`" + "".join(f", also called `{alias}`" for alias in check.aliases) + f"; {kind}."]
    lines.append(f"It looks at {reach}" + ("." if check.standby else "; on a standby it is skipped."))
    wants = list(_wants(check))
    lines.append(f"It needs {' and '.join(wants)}." if wants else "Any role may run it.")
    if check.opt_in:
        lines.append("It reads users' tables, so it runs only when it is asked for by name.")
    if check.metrics:
        shown = " and ".join(f"`{metric.value}` on its way to `{metric.limit}`" for metric in check.metrics)
        lines.append(f"Two reports forecast {shown}.")
    if check.known_as:
        lines.append(f"Elsewhere: {', '.join(check.known_as)}.")
    return " ".join(lines)


def _wants(check: Check[Any, Any]) -> Iterable[str]:
    needs = check.requires
    if needs.role:
        yield f"the rights of `{needs.role}`"
    extensions = [needs.extension, *(query.extension[0] for query in check.queries if query.extension)]
    always = needs.extension or all(query.extension for query in check.queries)
    if always:
        yield from (f"the extension `{name}`" for name in dict.fromkeys(filter(None, extensions)))
    yield from (f"`{re.sub('<<.*?>>[.]', '', grant)}`" for grant in needs.grants)
    if check.probe:
        yield f"the facility `{check.probe.facility}`, which the caller hands in"


def _limits(check: Check[Any, Any]) -> str:
    types = limit_types(check.limits)
    rows = ["| limit | default | unit | meaning |", "| --- | --- | --- | --- |"]
    for field in attrs.fields(check.limits):
        doc = field.metadata["doc"]
        if field.metadata["loosest"] is Loosest.HIGHEST and types[field.name] is not bool:
            doc += " Higher is looser."
        rows.append(f"| `{field.name}` | `{field.default!r}` | {field.metadata['unit']} | {doc} |".replace("\n", " "))
    return "\n".join(rows)


def _columns(check: Check[Any, Any]) -> str:
    words = {
        name: f"{kind.removesuffix('?')} or none" if kind.endswith("?") else kind
        for name, kind in field_types(check.row).items()
    }
    return "Rows with " + ", ".join(f"`{name}` ({kind})" for name, kind in words.items()) + "."


def _since(query: Query) -> str:
    if query.extension:
        return f"{query.extension[0]} {query.extension[1]} and later"
    return f"PostgreSQL {query.since} and later"


_ASKED = """\
BEGIN READ ONLY;
SET LOCAL search_path = '';
SET LOCAL statement_timeout = '30s';
{};
ROLLBACK;
"""


def psql_text(
    check: Check[Any, Any], bounds: Bounds, *, major: int = NEWEST_MAJOR, schema: str = "public"
) -> str | None:
    """What the check asks a server of that version, for psql: limits filled in, in a transaction that only reads.

    `schema` is where an extension that it asks is installed. None where nothing is asked by SQL, or not of so old a
    version.
    """
    fitting = [query for query in check.queries if query.since <= major]
    if not fitting:
        return None
    query = max(fitting, key=lambda query: (query.since, query.version))
    sql = str(query.sql)
    if query.extension is not None:
        sql = sql.replace(f"<<{query.extension[0]}>>", quote_identifier(schema).replace("%", "%%"))
    question = sql % {name: _literal(value) for name, value in bounds.parameters.items()}
    return _ASKED.format(question.strip().removesuffix(";"))


def _literal(value: object) -> str:
    from psycopg.sql import Literal  # noqa: PLC0415  only here is a server's syntax written

    return Literal(value).as_string(None)
