"""The demo, run for real: it finds what is planted, writes its files, and leaves nothing behind, after Ctrl-C too."""

from __future__ import annotations

import html
import importlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

import pgops
from pgops.render.text import to_text
from tests.examples.plugins import CHECK_SOURCE, ROOT, environment, install_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.xdist_group("demo")  # one run of it serves many tests

DEMO = ROOT / "examples" / "demo" / "demo.py"

# What the demo plants, by check: at least so many findings, and some that must be among them.
PLANTED = {
    "activity.idle_in_transaction": (3, ["shop_app.shop"]),
    "activity.long_running_query": (1, ["reporting.shop"]),
    "activity.long_transaction": (1, ["reporting.shop"]),
    "connections.saturation": (2, ["max_connections", "reporting"]),
    "indexes.duplicate_index": (6, ["sales.orders_placed_at_idx1", "shop.customers_email_ci"]),
    "indexes.invalid_index": (3, ["shop.customers_email_key", "shop.offers_rank_idx_ccnew"]),
    "indexes.missing_fk_index": (
        10,
        [
            "sales.orders.orders_customer_id_fkey",
            "sales.invoices.invoices_order_id_fkey",
            '"Archiv 100% ""alt"" {2024}"."select"."select_%(kunde)s_fkey"',
        ],
    ),
    "indexes.redundant_index": (3, ["shop.customers_name_idx", "shop.products_id_idx"]),
    "indexes.unused_index": (2, ["sales.orders_status_placed_idx"]),
    "locks.abandoned_prepared_transaction": (1, ['"order 7: two-phase"']),
    "locks.blocking_chain": (3, ['"order 7: two-phase"']),
    "security.config_file": (1, []),  # it lies in a folder of a new name each time
    "sequences.exhaustion": (6, ["sales.tickets_id_seq", "sales.counter_down"]),
    "tables.sequential_scans": (1, ["shop.page_views"]),
    "vacuum.database_xid_age": (1, ["shop"]),
    "vacuum.dead_tuples": (1, ["sales.carts"]),
    "vacuum.overdue": (3, ["sales.carts", "sales.stock_levels", "shop.page_views"]),
    "vacuum.table_xid_age": (3, ["sales.carts", "sales.stock_levels", "shop.page_views"]),
}


@attrs.frozen(kw_only=True)
class Place:
    """A folder to run the demo in, with a space in its name, and a folder of its own for temporary files."""

    work: Path
    temporary: Path

    def start(self, *plugins: Path) -> subprocess.Popen[str]:
        """The demo in a process group of its own, as a terminal makes one."""
        return subprocess.Popen(
            [sys.executable, str(DEMO)],
            cwd=self.work,
            env=environment(*plugins) | {"TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def left_over(self) -> list[str]:
        """The files that are still there, and the processes that run from or in this place."""
        files = [str(path) for path in self.temporary.iterdir()]
        return files + [process for process in processes() if str(self.temporary) in process]


def processes() -> Iterator[str]:
    """The command and the working directory of every process that can be looked at."""
    if not Path("/proc/self").exists():
        listing = subprocess.run(["ps", "-axww", "-o", "command="], capture_output=True, text=True, check=True)
        yield from listing.stdout.splitlines()
        return
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield f"{command} in {(process / 'cwd').readlink()}"
        except OSError:  # it has ended, or is not ours
            continue


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def a_place() -> Iterator[Place]:
    """Below /tmp and open to all: a socket's path has to be short, and as root the server runs as another account."""
    with tempfile.TemporaryDirectory(prefix="demo ", dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        place = Place(work=Path(folder) / "my work", temporary=Path(folder) / "t m p")
        place.work.mkdir()
        place.temporary.mkdir()
        yield place


@pytest.fixture(scope="module")
def shared_place() -> Iterator[Place]:
    with a_place() as place:
        yield place


@pytest.fixture
def place() -> Iterator[Place]:
    with a_place() as place:
        yield place


# --- a whole run ------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Ran:
    place: Place
    output: str
    report: pgops.Report


@pytest.fixture(scope="module")
def ran(shared_place: Place) -> Ran:
    demo = shared_place.start()
    output, errors = demo.communicate(timeout=300)
    assert demo.returncode == 0, output + errors
    assert errors == ""
    text = (shared_place.work / "demo-report.json").read_text(encoding="utf-8")
    return Ran(place=shared_place, output=output, report=pgops.Report.from_json(text))


def test_every_check_has_answered_or_says_what_is_missing(ran: Ran) -> None:
    assert {result.check for result in ran.report} >= {check.id for check in pgops.list_checks() if not check.opt_in}
    assert ran.report.failed == ()
    assert ran.report.interrupted == ""
    for result in ran.report.skipped:  # an extension that the embedded package has not, a facility that nobody hands in
        assert (result.reason, result.cure) > ("", ""), result.check


def test_there_are_dozens_of_findings_of_each_severity(ran: Ran) -> None:
    assert len(ran.report.findings) > 48
    assert {finding.severity for finding in ran.report.findings} == set(pgops.Severity)


@pytest.mark.parametrize("check", PLANTED)
def test_what_is_planted_is_found(check: str, ran: Ran) -> None:
    least, targets = PLANTED[check]
    found = [finding.target.sql for finding in ran.report[check].findings]
    assert len(found) >= least
    assert set(targets) <= set(found)


def test_every_topic_has_found_something(ran: Ran) -> None:
    """But those that are about other servers, or the world outside: the demo has neither."""
    found = {result.check.partition(".")[0] for result in ran.report if result.findings}
    assert found >= {check.topic for check in pgops.list_checks()} - {
        "backup",
        "house",
        "queries",
        "replication",
        "storage",
    }


def test_the_blocked_sessions_are_three_deep(ran: Ran) -> None:
    rows = {row.pid: row for row in ran.report["locks_overview"].rows if row.pid is not None}
    mailer = next(row for row in rows.values() if row.application == "mailer")
    chain = [mailer]
    while chain[-1].blocked_by:
        chain.append(rows[chain[-1].blocked_by[0]])
    assert [row.application for row in chain] == ["mailer", "invoicing", "warehouse", "checkout"]


def test_the_healthy_neighbours_are_left_alone(ran: Ran) -> None:
    found = {(finding.check, finding.target.sql) for finding in ran.report.findings}
    assert ("indexes.missing_fk_index", "sales.order_lines.order_lines_order_id_fkey") not in found
    assert ("indexes.duplicate_index", "sales.orders_open_idx") not in found
    assert ("sequences.exhaustion", "sales.queue_number") not in found
    assert ("vacuum.overdue", "sales.payments") not in found


def test_it_prints_what_was_counted_what_was_lowered_how_long_it_took_and_where_the_files_are(ran: Ran) -> None:
    for phase in ("Start the server", "Load the shop", "Make live trouble", "Run every check", "Write the reports"):
        assert re.search(rf"{phase}.* \d+\.\d s$", ran.output, re.MULTILINE), phase
    counted = Counter(str(finding.severity) for finding in ran.report.findings)
    for severity in ("critical", "warning", "info"):
        assert f"{counted[severity]} {severity}" in ran.output
    assert "activity.idle_in_transaction: warn_s 1" in ran.output
    for name in ("demo-report.html", "demo-report.json"):
        assert str((ran.place.work / name).resolve()) in ran.output
    assert "\x1b" not in ran.output, "neither colours, since this is no terminal, nor what stands in a name"
    assert "\u202e" not in ran.output


def test_it_prints_the_dozen_worst_findings_and_no_more(ran: Ran) -> None:
    shown = re.findall(r"^(critical|warning|info)  (.+?):(?: |$)", ran.output, re.MULTILINE)
    assert [severity for severity, _ in shown] == ["critical"] * 12, "there are more, of one check as of many"
    assert {"sales.receipt_numbers", "fsync", "full_page_writes"} <= {target for _, target in shown}
    assert len(ran.output.splitlines()) < 80


def test_all_of_it_is_printed_on_request_or_when_a_check_failed(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DEMO.parent))
    demo = importlib.import_module("demo")
    whole = ran.report.to_text(listings=False)
    failed = attrs.evolve(ran.report, results=(attrs.evolve(ran.report.results[0], outcome=pgops.Outcome.FAILED),))
    assert to_text(demo.to_be_shown(ran.report, whole=True), width=100) == whole
    assert to_text(demo.to_be_shown(failed, whole=False), width=100) == failed.to_text(listings=False)
    assert to_text(demo.to_be_shown(ran.report, whole=False), width=100) in ran.output
    assert shlex.join([sys.executable, str(DEMO), "--all"]) in ran.output


def test_the_page_is_whole_and_hostile_names_are_harmless_in_it(ran: Ran) -> None:
    page = (ran.place.work / "demo-report.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert "<script>alert" not in page
    assert "<script>alert('x')</script>" in html.unescape(page)


def test_nothing_else_is_left(ran: Ran) -> None:
    assert sorted(path.name for path in ran.place.work.iterdir()) == ["demo-report.html", "demo-report.json"]
    assert wait_for(lambda: not ran.place.left_over(), 10), ran.place.left_over()


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


def says(demo: subprocess.Popen[str], words: str) -> None:
    """Wait until the demo prints a line with these words."""
    assert demo.stdout is not None
    for line in demo.stdout:
        if words in line:
            return
    pytest.fail(f"it never said {words!r}: {demo.stderr.read() if demo.stderr else ''}")


def while_importing(demo: subprocess.Popen[str], _: Place) -> None:
    says(demo, "pgops demo")


def while_the_server_starts(demo: subprocess.Popen[str], place: Place) -> None:
    assert wait_for(lambda: any(place.temporary.glob("pgops-*/data/PG_VERSION")), 60)


def while_the_shop_is_loaded(demo: subprocess.Popen[str], _: Place) -> None:
    says(demo, "Start the server")
    time.sleep(0.5)


def while_trouble_is_made(demo: subprocess.Popen[str], _: Place) -> None:
    says(demo, "Load the shop")
    time.sleep(0.5)


def while_a_check_runs(demo: subprocess.Popen[str], _: Place) -> None:
    says(demo, "Make live trouble")
    time.sleep(2)  # it is in the slow check then, or in one before it


MOMENTS = [
    while_importing,
    while_the_server_starts,
    while_the_shop_is_loaded,
    while_trouble_is_made,
    while_a_check_runs,
]

SLOW = (
    CHECK_SOURCE
    + """
@pgops.hookimpl
def pgops_checks():
    return [check("slow.sleeper", "SELECT 'x'::text AS name FROM pg_catalog.pg_sleep(25)")]
"""
)


@pytest.fixture(scope="module")
def slow_check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plugin whose check takes so long that a Ctrl-C surely comes before the demo's end."""
    return install_plugin(tmp_path_factory.mktemp("slow"), "slow_plugin", SLOW)


@pytest.mark.parametrize(
    ("moment", "presses"),
    [*((moment, 1) for moment in MOMENTS), (while_the_server_starts, 3), (while_a_check_runs, 3)],
    ids=lambda value: getattr(value, "__name__", f"{value}x"),
)
def test_ctrl_c_ends_it_and_nothing_is_left(
    moment: Callable[[subprocess.Popen[str], Place], None], presses: int, place: Place, slow_check: Path
) -> None:
    with place.start(slow_check) as demo:
        moment(demo, place)
        for _ in range(presses):
            os.killpg(demo.pid, signal.SIGINT)  # as a terminal does: to the whole process group
            time.sleep(0.05)
        output, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130, output + errors
    assert "Stopped by Ctrl-C" in errors
    assert "Traceback" not in errors
    assert list(place.work.iterdir()) == []
    assert wait_for(lambda: not place.left_over(), 15), place.left_over()
