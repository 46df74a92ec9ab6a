"""For authors of checks: the contract that every check keeps, tried on a real server.

    def test_my_check(database):                                # a fresh database, as superuser
        assert_contract(MY_CHECK, lambda: psycopg.connect(database, autocommit=True), cases=read_cases("tests/cases"))

A case is an SQL script that plants faults, or builds their healthy twins, with a header that says what must come of it:

    -- finds: public.orders        one line per expected finding, together the complete set of targets
    -- limits: min_bytes=0         limits for this case, as Python literals (optional)
    -- since: 15                   the oldest major version it runs on (optional)
    -- fix: runs                   the remedies run but the findings stay, as with counters; or `not run` (optional)

pgops' own checks are held to the same contract on every version that is supported.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg

from pgops.checks.calls import run_checks
from pgops.checks.records import field_types
from pgops.checks.registry import OWN, Registry
from pgops.checks.report import CheckResult, Outcome
from pgops.checks.sql_text import statements, without_comments
from pgops.db.server import FACTS_SQL, Lack, Server
from pgops.errors import PgopsError
from pgops.findings import quote_identifier

if TYPE_CHECKING:
    import os

    from pgops.checks.api import Check

Connect: TypeAlias = Callable[[], "psycopg.Connection[Any]"]


class ContractError(PgopsError, AssertionError):
    """A check breaks the contract. The message lists every broken clause."""


@attrs.frozen(kw_only=True)
class Case:
    """A script and what must come of it: `finds` is the complete set of targets, empty for a healthy twin.

    `fix` is `cures` (the remedies run and the findings are gone), `runs` or `not run`.
    """

    name: str
    sql: str
    finds: tuple[str, ...] = ()
    since: int = 0
    limits: Mapping[str, Any] = attrs.field(factory=dict)
    fix: str = "cures"

    @classmethod
    def from_file(cls, file: str | os.PathLike[str]) -> Case:
        """Read a script with its header. Raises `ValueError` for a header that can't be read."""
        path = Path(file)
        text = path.read_text(encoding="utf-8")
        headers = re.findall(r"^-- (finds|limits|since|fix):[ \t]*(.*?)[ \t]*$", text, re.MULTILINE)
        said = {key: value for key, value in headers if key != "finds"}
        fix = said.get("fix", "cures")
        if fix not in ("cures", "runs", "not run"):
            raise ValueError(f"{path}: fix is {fix!r}, and can be cures, runs or not run")
        return cls(
            name=path.stem,
            sql=text,
            finds=tuple(value for key, value in headers if key == "finds"),
            since=int(said.get("since", 0)),
            limits=_limits(said.get("limits", "")),
            fix=fix,
        )


def _limits(text: str) -> dict[str, Any]:
    call = ast.parse(f"f({','.join(text.split())})", mode="eval").body
    assert isinstance(call, ast.Call)  # noqa: S101  it is written so
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}


def read_cases(folder: str | os.PathLike[str]) -> tuple[Case, ...]:
    """The cases of a folder's `.sql` files, by name."""
    return tuple(Case.from_file(file) for file in sorted(Path(folder).glob("*.sql")))


def assert_contract(
    check: Check[Any, Any], connect: Connect, *, cases: Iterable[Case] = (), reads_tables: bool = False
) -> None:
    """Hold a check against the whole contract on the server that `connect` reaches.

    `connect` gives a new autocommit connection of a superuser to a database made for this test; the cases run there,
    one after the other. `reads_tables`: it may read users' tables, as a project's own checks do, without being asked
    for by name. Raises `ContractError`.
    """
    problems = list(declaration_problems(check))
    if not problems:  # a text that is wrong in itself is not sent
        problems = server_problems(check, connect, reads_tables=reads_tables)
        for case in cases:
            problems += [f"{case.name}: {problem}" for problem in case_problems(check, case, connect)]
    if problems:
        listed = "\n  - ".join(problems)
        raise ContractError(f"The check {check.id} breaks the contract:\n  - {listed}")


# --- what can be seen without a server --------------------------------------------------------------------------------


def declaration_problems(check: Check[Any, Any]) -> Iterator[str]:
    """What is wrong with the declaration itself: documentation, limits, the text of its SQL."""
    if "\n" not in check.doc:
        yield "the docstring is a title only: it has to say why it matters and when it is a false alarm"
    if len(check.title) > 80:
        yield f"the title has {len(check.title)} characters, and 80 is the most"
    for field in attrs.fields(check.limits):
        if not field.metadata.get("doc") or "unit" not in field.metadata:
            yield f"the limit {field.name} is not declared by limit(..., unit=..., doc=...)"
    for query in check.queries:
        yield from _text_problems(check, query.sql)


def _text_problems(check: Check[Any, Any], sql: str) -> Iterator[str]:
    code = without_comments(sql)
    known = {field.name for field in attrs.fields(check.limits)}
    for name in re.findall(r"%\((\w+)\)s", code):
        if name not in known:
            yield f"the SQL asks for the limit {name}, which is not declared"
    if "%" in re.sub(r"%\(\w+\)s|%%", "", sql):
        yield "a percent sign in the SQL is not doubled"
    if "\\" in code:
        yield "a backslash is another under standard_conforming_strings = off: write [0-9], [(], pg_catalog.chr(92)"
    if re.search(r"\b(now\s*\(\s*\)|current_timestamp|transaction_timestamp)", code, re.IGNORECASE):
        yield "now() is the start of the transaction, which may be the caller's: use pg_catalog.clock_timestamp()"


# --- what the server says ---------------------------------------------------------------------------------------------

# PostgreSQL's type oids (pg_type.dat) by the word for a field of Row.
_OIDS = {
    "bool": {16},
    "int": {20, 21, 23},
    "float": {700, 701},
    "str": {25},
    "datetime": {1184},
    "tuple[str]": {1009},
    "tuple[int]": {1005, 1007, 1016},
    "tuple[float]": {1021, 1022},
}


def server_problems(check: Check[Any, Any], connect: Connect, *, reads_tables: bool = False) -> list[str]:
    """What the server shows: names that an empty search path does not find, columns that differ from Row, locks.

    It is asked by both routes: settings and query in one message, as pgops' own checks are, and by the extended
    protocol. The extensions that it asks for are created where the server has them.
    """
    if check.probe is not None:
        return []
    with connect() as conn:
        _create_extensions(check, conn)
        return look_problems(check, conn, origins=(OWN, "the caller"), reads_tables=reads_tables)


def look_problems(
    check: Check[Any, Any],
    conn: psycopg.Connection[Any],
    *,
    origins: Iterable[str] = ("the caller",),
    reads_tables: bool = False,
) -> list[str]:
    """The same of a check on a database as it is: nothing is created, so it may be a real one."""
    results = [_outcome(check, conn, {}, origin=origin) for origin in origins]
    for result in results:
        if result.outcome is Outcome.FAILED:
            return [f"it fails: {result.reason}"]
    row = conn.execute(FACTS_SQL).fetchone()
    assert row is not None  # noqa: S101  it is one SELECT without FROM
    query = check.query_for(Server.from_row(row))
    if isinstance(query, Lack) or any(result.outcome is Outcome.SKIPPED for result in results):
        return []
    sql = str(query.sql)
    if query.extension is not None:
        schema = Server.from_row(row).extensions[query.extension[0]].schema
        sql = sql.replace(f"<<{query.extension[0]}>>", '"' + schema.replace('"', '""') + '"')
    locks = _lock_problems(check, sql, conn, reads_tables=reads_tables or check.opt_in)
    return [*_column_problems(check, sql, conn), *locks]


def _create_extensions(check: Check[Any, Any], conn: psycopg.Connection[Any]) -> None:
    names = {check.requires.extension, *(query.extension[0] for query in check.queries if query.extension)}
    for name in filter(None, names):
        with suppress(psycopg.Error):  # not to be had here, and the check is skipped
            conn.execute(f"CREATE EXTENSION IF NOT EXISTS {quote_identifier(name)}".encode())


def _column_problems(check: Check[Any, Any], sql: str, conn: psycopg.Connection[Any]) -> Iterator[str]:
    cursor = conn.execute(sql.encode(), _parameters(check))
    columns = {column.name: column.type_code for column in cursor.description or ()}
    fields = field_types(check.row)
    if columns.keys() != fields.keys():
        surplus, lacking = sorted(columns.keys() - fields.keys()), sorted(fields.keys() - columns.keys())
        yield f"the SQL gives {surplus}, which Row has not, and Row has {lacking}, which the SQL does not give"
    for name in columns.keys() & fields.keys():
        kind = fields[name].removesuffix("?")
        if columns[name] not in _OIDS.get(kind, set()):
            yield f"the column {name} has the type with oid {columns[name]}, and Row says {fields[name]}"


def _lock_problems(
    check: Check[Any, Any], sql: str, conn: psycopg.Connection[Any], *, reads_tables: bool
) -> Iterator[str]:
    with conn.transaction():
        conn.execute(sql.encode(), _parameters(check))
        held = conn.execute(
            """SELECT l.mode, coalesce(c.relname, l.locktype), c.oid >= 16384 AND c.relkind IN ('r', 'm', 'p', 'f')
                 FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
                WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype <> 'virtualxid'"""
        ).fetchall()
    for mode, name, of_user in held:
        if mode != "AccessShareLock":
            yield f"it takes {mode} on {name}, and AccessShareLock is the most"
        if of_user and not reads_tables:
            yield f"it locks the user's table {name}, and only a check that is opt_in may"


def _parameters(check: Check[Any, Any]) -> dict[str, Any]:
    return attrs.asdict(check.limits())


# --- planted faults ---------------------------------------------------------------------------------------------------


_COLLECTOR_S = 0.1
"""Before PostgreSQL 15 statistics go through a process of their own, which takes its time."""


def case_problems(check: Check[Any, Any], case: Case, connect: Connect) -> Iterator[str]:
    """Run a case: its faults are found, all of them and nothing else, and the remedies mend them."""
    with connect() as conn:
        if conn.info.server_version // 10000 < case.since:
            return
        run_script(conn, case.sql)
        has_collector = conn.info.server_version < 150000
    if has_collector:
        time.sleep(_COLLECTOR_S)
    with connect() as conn:  # a session reports its statistics when it ends, so this one sees those of the script
        before = _outcome(check, conn, case.limits)
        if not before.outcome.answered:
            yield f"it gives no answer: {before.outcome}, {before.reason}"
            return
        yield from _compared(before, case.finds)
        remedies = [finding for finding in before.findings if finding.fix]
        if case.fix == "not run" or not remedies:
            return
        for finding in remedies:
            try:
                run_script(conn, finding.fix or "")
            except psycopg.Error as error:
                yield f"the remedy of {finding.target} fails ({error}): {finding.fix}"
        if case.fix == "cures":
            after = {finding.fingerprint for finding in _outcome(check, conn, case.limits).findings}
            for finding in remedies:
                if finding.fingerprint in after:
                    yield f"the remedy of {finding.target} does not mend it: {finding.fix}"


def _compared(result: CheckResult, finds: Sequence[str]) -> Iterator[str]:
    found = sorted(finding.target.sql for finding in result.findings)
    missed, false = sorted(finds), []
    for target in found:
        if target in missed:
            missed.remove(target)
        else:
            false.append(target)
    if missed:
        yield f"it does not find {', '.join(missed)}"
    if false:
        yield f"it finds what is healthy: {', '.join(false)}"


def _outcome(
    check: Check[Any, Any], conn: psycopg.Connection[Any], limits: Mapping[str, Any], *, origin: str = "the caller"
) -> CheckResult:
    registry = Registry.of([check], origin=origin)
    return run_checks(conn, [check], registry=registry, limits={check.id: limits}).results[0]


def run_script(conn: psycopg.Connection[Any], script: str) -> None:
    """Run a script statement by statement on an autocommit connection."""
    for statement in statements(script):
        conn.execute(statement.encode())
