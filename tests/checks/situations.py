"""Every check in every situation that a caller may be in, from real runs: which answer, which are skipped, and why.

    python -m tests.checks.situations       writes docs/checks/situations.md

A situation is a way of standing before a server: on a version, as a role, with or without extensions, on a standby, on
a managed service that hides things. Nothing is simulated but the service: there, functions are revoked from everybody
and other databases admit nobody, as the large ones do.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import psycopg

import pgops
from pgops.checks.report import Outcome
from pgops.files import write_whole
from pgops.scratch import fresh_database, start_server
from tests.checks.sessions import role
from tests.db.standby import start_standby
from tests.servers import MAJORS, RunningServers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgops.checks.report import CheckResult, Report
    from pgops.scratch import ScratchServer

PAGE = Path(__file__).parents[2] / "docs" / "checks" / "situations.md"
EXTENSIONS = ("pg_stat_statements", "pgstattuple", "amcheck")
NEWEST = MAJORS[-1]

# What services such as RDS, Cloud SQL and Aurora keep from everybody but themselves.
HIDDEN_FUNCTIONS = (
    "pg_ls_waldir()",
    "pg_ls_logdir()",
    "pg_ls_tmpdir()",
    "pg_ls_archive_statusdir()",
    "pg_read_file(text)",
    "pg_hba_file_rules()",
    "pg_show_all_file_settings()",
    "pg_stat_get_wal()",
    "pg_stat_get_wal_receiver()",
    "pg_control_checkpoint()",
    "pg_control_system()",
)

SITUATIONS: Mapping[str, str] = {
    "superuser": "a superuser, with pg_stat_statements, pgstattuple and amcheck",
    "no extension": "a superuser, without any extension",
    "pg_monitor": "a member of pg_monitor, with the extensions",
    "bare role": "a role that may connect and nothing else",
    "standby": "a member of pg_monitor on a standby",
    "managed": "a member of pg_monitor on a managed service: functions revoked, a database that admits nobody",
    **{f"{major}": f"a member of pg_monitor, with the extensions, on PostgreSQL {major}" for major in MAJORS[:-1]},
}
"""Each situation in words; all are on the newest version but those that say another."""


@attrs.frozen
class Answer:
    """What became of a check in one situation."""

    outcome: Outcome
    reason: str = ""
    cure: str = ""

    @classmethod
    def of(cls, result: CheckResult) -> Answer:
        # What it finds depends on what else the server does at the moment; that it looked does not.
        answered = result.outcome.answered
        return cls(Outcome.CLEAN) if answered else cls(result.outcome, result.reason, result.cure)


def own_checks() -> list[str]:
    """The checks that come with pgops, those that have to be asked for by name too."""
    return [entry.check.id for entry in pgops.default_registry() if entry.trusted]


def asked(server: ScratchServer, database: str, user: str | None = None) -> Report:
    with server.connect(database, **({"user": user} if user else {})) as conn:
        return pgops.run_checks(conn, own_checks())


@contextmanager
def with_extensions(server: ScratchServer) -> Iterator[str]:
    with fresh_database(server, f"situations_{server.major}") as database:
        with database.connect() as conn:
            for name in EXTENSIONS:
                with suppress(psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported):
                    conn.execute(f"CREATE EXTENSION {name}".encode())
        yield database.name


def on_a_primary(server: ScratchServer) -> Iterator[tuple[str, Report]]:
    with with_extensions(server) as database, role(server, "watcher", "LOGIN IN ROLE pg_monitor") as watcher:
        name = "pg_monitor" if server.major == NEWEST else str(server.major)
        yield name, asked(server, database, watcher)
        if server.major != NEWEST:
            return
        yield "superuser", asked(server, database)
        with role(server, "nobody_much") as bare:
            yield "bare role", asked(server, database, bare)
    with fresh_database(server, "without_extensions") as database:
        yield "no extension", asked(server, database.name)


def on_a_managed_service(like: ScratchServer) -> Report:
    """On a server of its own: what is revoked here would be missed elsewhere."""
    with start_server(like.binaries) as server, server.connect() as conn:
        conn.execute("CREATE DATABASE rdsadmin")
        conn.execute("REVOKE CONNECT ON DATABASE rdsadmin FROM PUBLIC")
        conn.execute("CREATE ROLE customer LOGIN IN ROLE pg_monitor")
        for function in HIDDEN_FUNCTIONS:
            with suppress(psycopg.errors.UndefinedFunction):
                conn.execute(f"REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC, pg_monitor".encode())
        return asked(server, "postgres", "customer")


def on_a_standby(like: ScratchServer) -> Report:
    with start_standby(like) as conninfo, psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("SET SESSION AUTHORIZATION pg_monitor")
        return pgops.run_checks(conn, own_checks())


def reports(running: RunningServers) -> dict[str, Report]:
    """A report of every check for every situation."""
    found: dict[str, Report] = {}
    for major in MAJORS:
        found |= dict(on_a_primary(running.of(major)))
    newest = running.of(NEWEST)
    found["standby"] = on_a_standby(newest)
    found["managed"] = on_a_managed_service(newest)
    return {name: found[name] for name in SITUATIONS}


def page(found: Mapping[str, Report]) -> str:
    """The table, and below what was missing, with its cure."""
    answers = {name: {result.check: Answer.of(result) for result in report} for name, report in found.items()}
    why: dict[tuple[str, str], int] = {}
    rows = []
    for check in own_checks():
        cells = []
        for by_check in answers.values():
            answer = by_check[check]
            if answer.outcome.answered:
                cells.append("yes")
            else:
                cells.append(f"[{why.setdefault((answer.reason, answer.cure), len(why) + 1)}](#why)")
        rows.append(f"| [`{check}`]({check}.md) | {' | '.join(cells)} |")
    parts = [
        "<!-- Made by tests/checks/situations.py from real runs: `make situations` writes it. -->",
        "# Which check answers where",
        "Every check, asked in every situation on a real server. `yes`: it looked, and gave its answer. A number: it\n"
        "was skipped, for the reason [below](#why). Checks of a facility need what a caller hands in: here nothing.",
        "\n".join(f"- **{name}**: {words}" for name, words in SITUATIONS.items()),
        "\n".join([f"| check | {' | '.join(answers)} |", f"| --- |{' --- |' * len(answers)}", *rows]),
        "## Why",
        "\n".join(
            ["| | what is missing | the cure |", "| --- | --- | --- |"]
            + [f"| {number} | {_cell(reason)} | {_code(cure)} |" for (reason, cure), number in why.items()]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(cure: str) -> str:
    return "<br>".join(f"`{_cell(line)}`" for line in cure.splitlines())


def main() -> None:
    with ExitStack() as stack:
        running = stack.enter_context(RunningServers())
        write_whole(PAGE, [page(reports(running))])
    sys.stdout.write(f"{PAGE.name} is written\n")


if __name__ == "__main__":
    main()
