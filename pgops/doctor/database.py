"""What the connection and the server are like: reached, encrypted, read-only, with limits that hold, supported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import tuple_row

from pgops.checks.answering import TESTED_UNTIL
from pgops.checks.calls import run_checks
from pgops.db.callers_connection import as_found
from pgops.db.connecting import connect
from pgops.db.description import connection_info
from pgops.db.server import as_text
from pgops.doctor.examination import Sign, State
from pgops.doctor.skips import STATEMENTS, ForeseenSkips, Kind, foresee_skips
from pgops.errors import PgopsError
from pgops.findings import Severity, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pgops.checks.registry import Registry
    from pgops.config.resolution import Resolution
    from pgops.db.description import ConnectionInfo
    from pgops.db.fallback import Fallback
    from pgops.db.server import Server

RELEASES = ("settings.version_end_of_life", "settings.minor_outdated")
OLDEST = 14
MONITOR = "pg_monitor"
OF_MONITOR = frozenset({MONITOR, "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"})
"""A member of pg_monitor has the others' rights (manual, section 22.5 "Predefined Roles")."""
_TRIAL_MS = 20
_LOCAL = ("localhost", "127.0.0.1", "::1")


def look_at_database(
    resolution: Resolution, registry: Registry, *, env: Mapping[str, str] | None
) -> tuple[tuple[Sign, ...], ConnectionInfo | None]:
    """The signs of the connection, the server and the checks. A connection that can't be made is a sign too."""
    signs: list[Sign] = []
    told: list[Fallback] = []
    try:
        conn = connect(resolution, on_fallback=told.append, env=env)
    except PgopsError as error:
        return (_sign("reached", State.UNSEEN, error.what, error.cure),), None
    with conn:
        try:
            info = connection_info(conn)
            signs += _connection(info, told)
        except psycopg.Error as error:
            return (*signs, _unseen("reached", error)), None
        parts: dict[str, Callable[[], Iterator[Sign]]] = {
            "session": lambda: _session(conn, info),
            "server": lambda: _server(conn, registry),
            "extensions": lambda: _extensions(conn),
            "checks": lambda: _checks(conn, registry),
        }
        for name, look in parts.items():
            try:
                signs += look()
            except psycopg.Error as error:  # a server that lacks a part, or denies it, has others to look at
                signs.append(_unseen(name, error))
                if conn.closed:
                    break
    return tuple(signs), info


def _unseen(name: str, error: psycopg.Error) -> Sign:
    words = " ".join(str(error).split()) or type(error).__name__
    return _sign(name, State.UNSEEN, f"The server does not answer this: {words}", "Ask whoever runs the server.")


def _sign(name: str, state: State, message: str, cure: str = "", *, topic: str = "connection", **more: Any) -> Sign:
    return Sign(topic=topic, name=name, state=state, message=message, cure=cure, **more)


# --- the connection ---------------------------------------------------------------------------------------------------


def _connection(info: ConnectionInfo, told: list[Fallback]) -> Iterator[Sign]:
    yield _sign("reached", State.OK, str(info))
    if told:
        cure = "Say sslmode = true in the profile (pgops config sslmode), or sslmode=require in the URL."
        yield _sign("TLS", State.WARNING, "in use, after an attempt without it that the server refused", cure)
    elif info.tls is not None:
        yield _sign("TLS", State.OK, str(info.tls))
    elif not info.host or info.host.startswith(("/", "@")) or info.host in _LOCAL:
        yield _sign("TLS", State.OK, "not in use; the connection does not leave this machine")
    else:
        cure = 'Set sslmode to true, better to "verify-full" (pgops config sslmode, or sslmode= in the URL).'
        yield _sign(
            "TLS", State.WARNING, f"not in use, and {info.host} is another machine: who listens reads all", cure
        )
    if info.through_pooler:
        message = "A pooler stands between: each transaction may be in another server process."
        cure = (
            "For `migrations apply`, `dump --verify` and `sessions` name the server itself; a pool with pool_mode = "
            "session will do too."
        )
        yield _sign("pooler", State.WARNING, message, cure, matters=False)
    else:
        yield _sign("pooler", State.OK, "none stands between")


def _session(conn: psycopg.Connection[Any], info: ConnectionInfo) -> Iterator[Sign]:
    """Read-only and limits, as they hold: each is tried, since a pooler may swallow what was asked for."""
    settings = ("transaction_read_only", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with as_found(conn), conn.cursor(row_factory=tuple_row) as cursor:
        columns = ", ".join(f"pg_catalog.current_setting('{name}')" for name in settings)
        row = cursor.execute(f"SELECT {columns}".encode(), prepare=False).fetchone()
    read_only, *limits = (str(value) for value in (row or ("?",) * 4))
    if read_only == "on":
        yield _sign("read-only", State.OK, "the session is: what pgops looks at, it can't change")
    else:
        yield _sign("read-only", State.WARNING, "The session would take writes.", "Use a role without rights to write.")
    missing = [name for name, value in zip(settings[1:], limits, strict=True) if value == "0"]
    if missing:
        message = f"{', '.join(missing)} is off here: asked for in vain (a pooler may swallow it), or switched off"
        cure = (
            "ALTER ROLE ... SET statement_timeout = '60s'; connect to the server itself; see DB_STATEMENT_TIMEOUT_MS."
        )
        yield _sign("timeouts", State.WARNING, message, cure)
    elif not _timeout_holds(conn):
        yield _sign(
            "timeouts", State.WARNING, "statement_timeout is set and does not end a statement", "Ask the server."
        )
    else:
        said = ", ".join(f"{name} {value}" for name, value in zip(settings[1:], limits, strict=True))
        yield _sign("timeouts", State.OK, f"{said}; tried, and it holds")
    yield _sign("role", State.OK, f"a {'standby' if info.in_recovery else 'primary'}", topic="server")


def _timeout_holds(conn: psycopg.Connection[Any]) -> bool:
    try:
        with conn.transaction(), conn.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {_TRIAL_MS}".encode(), prepare=False)
            cursor.execute("SELECT pg_catalog.pg_sleep(1)", prepare=False)
    except psycopg.errors.QueryCanceled:
        return True
    return False


# --- the server -------------------------------------------------------------------------------------------------------


def _server(conn: psycopg.Connection[Any], registry: Registry) -> Iterator[Sign]:
    """What the checks of releases say, and the extensions that pgops knows how to use."""
    if not registry.entries:  # they could not be loaded, and a sign of its own says why
        return
    report = run_checks(conn, RELEASES, registry=registry)
    if report.server is not None:
        yield _version(report.server)
    for result in report.results:
        name = result.title.partition(" that ")[0].lower()
        for finding in result.findings:
            # What is mended in a minor release is a matter of `pgops check`; a major one without fixes is one of both.
            matters = finding.severity >= Severity.WARNING and result.check == RELEASES[0]
            cure = f"pgops checks explain {result.check}"
            yield _sign(name, State.WARNING, finding.message, cure, topic="server", matters=matters)
        if not result.findings:
            message = result.reason or f"PostgreSQL {report.server.release if report.server else ''}: supported"
            state = State.OK if result.outcome.answered else State.UNSEEN
            yield _sign(name, state, message, result.cure, topic="server", matters=False)


def _version(server: Server) -> Sign:
    if server.major < OLDEST:
        cure = f"Upgrade the server: pgops knows PostgreSQL {OLDEST} to {TESTED_UNTIL}."
        return _sign("version", State.WARNING, f"{server.release} is older than pgops knows", cure, topic="server")
    if server.major > TESTED_UNTIL:
        message = f"{server.release} is newer than any that pgops was tested on ({TESTED_UNTIL})"
        return _sign("version", State.WARNING, message, "Look for a newer pgops.", topic="server", matters=False)
    return _sign("version", State.OK, server.release, topic="server")


_PURPOSES = {
    STATEMENTS: "slow queries, regressions, what takes the time",
    "hypopg": "`pgops explain`: what if there were this index",
}

_EXTENSIONS = """
SELECT there.name::pg_catalog.text, there.default_version, there.installed_version
  FROM pg_catalog.pg_available_extensions AS there
 WHERE there.name::pg_catalog.text OPERATOR(pg_catalog.=) ANY (%s::pg_catalog.text[])
"""


def _extensions(conn: psycopg.Connection[Any]) -> Iterator[Sign]:
    with as_found(conn), conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_EXTENSIONS, [list(_PURPOSES)], prepare=False).fetchall()
    found = {name: (available, installed) for name, available, installed in rows}
    for name, purpose in _PURPOSES.items():
        available, installed = found.get(name, (None, None))
        if installed is not None:
            yield _sign(name, State.OK, f"{installed}, for {purpose}", topic="server")
        elif available is not None:
            cure = f'CREATE EXTENSION "{name}";'
            if name == STATEMENTS:
                cure += " It has to be in shared_preload_libraries, too."
            message = f"not created in this database; it is for {purpose}"
            yield _sign(name, State.MISSING, message, cure, topic="server", matters=False)  # its checks say it below
        else:
            message = f"not among the server's files; it is for {purpose}"
            cure = "Install its package on the server."
            yield _sign(name, State.MISSING, message, cure, topic="server", matters=False)


# --- the checks -------------------------------------------------------------------------------------------------------


def _checks(conn: psycopg.Connection[Any], registry: Registry) -> Iterator[Sign]:
    if not registry.entries:
        return
    groups = _with_monitor(foresee_skips(conn, registry=registry), conn)
    usual = sum(1 for entry in registry.entries if not entry.check.opt_in)
    kept = sum(len(group.usual) for group in groups)
    yield _sign("checks", State.OK, f"{usual - kept} of {usual} would answer", topic="checks")
    for group in groups:
        number = f"{len(group.checks)} check{'s' if len(group.checks) > 1 else ''}"
        yield Sign(
            topic="checks",
            name=group.kind,
            state=State.MISSING,
            message=f"{number}: {group.reason}",
            cure=group.cure,
            matters=_matters(group),
            checks=group.checks,
        )


def _with_monitor(groups: tuple[ForeseenSkips, ...], conn: psycopg.Connection[Any]) -> list[ForeseenSkips]:
    """The groups with all that pg_monitor would enable as one: it is what a role that looks after a server is given."""
    under = [group for group in groups if group.role in OF_MONITOR]
    if len(under) < 2:
        return list(groups)
    with as_found(conn), conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("SELECT CURRENT_USER::pg_catalog.text", prepare=False).fetchone()
    user = as_text(row[0]) if row else ""
    one = ForeseenSkips(
        kind=Kind.ROLE,
        reason=f"{user} is no member of {', '.join(sorted({group.role for group in under}))}",
        cure=f"GRANT {MONITOR} TO {quote_identifier(user)}; (it has the rights of all of these)",
        checks=[check for group in under for check in group.checks],
        usual=[check for group in under for check in group.usual],
        role=MONITOR,
    )
    return [one, *(group for group in groups if group not in under)]


def _matters(group: ForeseenSkips) -> bool:
    """Whether a usual set-up has it: pg_monitor and pg_stat_statements, and no setting that blinds the server.

    Rights on single objects, other extensions and facilities enable a few checks more, for whoever wants those.
    """
    if not group.usual:
        return False
    return group.kind in (Kind.ROLE, Kind.SETTING) or (group.kind is Kind.EXTENSION and STATEMENTS in group.cure)
