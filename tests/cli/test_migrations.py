"""`pgops migrations`: pending, record, audit and release, as a person, a hook and CI run them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.test_config_init import Dialogue
from tests.migrations.workspaces import contents, opened, released


@pytest.fixture
def folder(pgops_nowhere):
    return pgops_nowhere.cwd / "db" / "migrations"


def record(program, sql="CREATE TABLE orders (id int)", *args):
    return program("migrations", "record", sql, "--summary", "orders", *args)


def test_pending(pgops_nowhere, folder):
    ended = pgops_nowhere("migrations", "pending")
    assert ended.code == 0
    assert "Nothing waits for a release." in ended.out
    assert not folder.exists()
    for number in range(1, 11):
        opened(pgops_nowhere.cwd).record("SELECT 1", "one", file=f"{number}_prerelease.sql")
    ended = pgops_nowhere("migrations", "pending", "--json")
    assert ended.json["schema"] == "pgops.migrations.pending/1"
    assert [file["name"] for file in ended.json["files"]] == [f"{number}_prerelease.sql" for number in range(1, 11)]


def test_record(pgops_nowhere, folder):
    ended = record(pgops_nowhere)
    assert (ended.code, ended.err) == (0, "")
    assert str(folder / "prerelease.sql") in ended.out
    ended = record(pgops_nowhere, "SELECT 2", "--json", "--file", "1_prerelease.sql")
    assert ended.json["file"] == str(folder / "1_prerelease.sql")
    assert ended.json["entry"].endswith(" orders")
    assert opened(pgops_nowhere.cwd).audit() == ()


def test_record_from_stdin(pgops_nowhere, folder):
    ran = subprocess.run(
        [sys.executable, "-m", "pgops", "migrations", "record", "-", "-m", "cafés"],
        cwd=pgops_nowhere.cwd,
        env=pgops_nowhere.environment(),
        input="CREATE TABLE cafés (id int);\n".encode(),
        check=True,
    )
    assert ran.returncode == 0
    assert "CREATE TABLE cafés (id int);" in (folder / "prerelease.sql").read_text(encoding="utf-8")


REFUSED = {
    "an open quote": (("SELECT 'a", "-m", "x"), "is left open"),
    "no statement": (("", "-m", "x"), "no statement"),
    "two lines": (("SELECT 1", "-m", "a\nb"), "can't be a summary"),
    "a released name": (("SELECT 1", "-m", "x", "--file", "Released/1.sql"), "is for what has been released"),
    "another name": (("SELECT 1", "-m", "x", "--file", "orders.sql"), "can't be a pending file"),
}


@pytest.mark.parametrize(("args", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_given_wrongly_is_refused(pgops_nowhere, folder, args, said):
    ended = pgops_nowhere("migrations", "record", *args)
    assert (ended.code, ended.out) == (3 if "released" in said else 2, "")
    assert said in ended.err
    assert contents(folder) == {}


def test_a_release_shows_what_it_would_do_and_needs_consent(pgops_nowhere, folder):
    record(pgops_nowhere)
    before = contents(folder)
    ended = pgops_nowhere("migrations", "release", "-m", "the shop")
    assert ended.code == 3
    assert "prerelease.sql -> released/" in ended.err
    assert "DB_CONFIRM=YES" in ended.err
    for no in ("no", "yes", "1", "Y"):
        assert pgops_nowhere.with_env(DB_CONFIRM=no)("migrations", "release", "-m", "the shop").code == 3
    assert contents(folder) == before


def test_a_dry_run_changes_nothing_whatever_is_confirmed(pgops_nowhere, folder):
    record(pgops_nowhere)
    before = contents(folder)
    ended = pgops_nowhere.with_env(DB_CONFIRM="YES")("migrations", "release", "-m", "the shop", "--dry-run", "--json")
    assert (ended.code, ended.json["dry_run"], len(ended.json["steps"])) == (0, True, 3)
    assert contents(folder) == before


def test_db_confirm_agrees_beforehand(pgops_nowhere, folder):
    record(pgops_nowhere)
    ended = pgops_nowhere.with_env(DB_CONFIRM="YES")("migrations", "release", "-m", "the shop", "--json")
    assert ended.code == 0
    (path,) = released(folder)
    assert path in ended.json["files"]
    assert ended.json["outcome"] == "written"
    assert pgops_nowhere("migrations", "audit").code == 0


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 3)])
def test_in_a_terminal_it_asks(pgops_nowhere, folder, answer, code):
    record(pgops_nowhere)
    dialogue = Dialogue(pgops_nowhere, "migrations", "release", "-m", "the shop")
    try:
        dialogue.answer("do it? (yes or no)", answer)
        assert dialogue.end() == code
    finally:
        dialogue.close()
    assert len(released(folder)) == (answer == "yes")


def test_nothing_to_release_is_no_success(pgops_nowhere):
    ended = pgops_nowhere.with_env(DB_CONFIRM="YES")("migrations", "release", "-m", "the shop")
    assert ended.code == 3
    assert "no pending file" in ended.err


# --- audit ------------------------------------------------------------------------------------------------------------


def warned(folder):
    (folder / "1_prerelease.sql").write_text("SELECT 1;")


def informed(folder):
    (folder / "released").mkdir()
    (folder / "released" / "20190101000000.sql").write_text("SELECT 1;")


def unreadable(folder):
    (folder / "prerelease.sql").write_bytes(b"SELECT '\xff'")


def well(folder):
    pass


AUDITS = {
    "all is well": (well, [], 0),
    "a warning": (warned, [], 1),
    "a warning below the bound": (warned, ["--fail-on", "critical"], 0),
    "an information": (informed, [], 0),
    "an information at a lower bound": (informed, ["--fail-on", "info"], 1),
    "a file that can't be read": (unreadable, [], 3),
    "no folder": (well, ["--path", "nowhere"], 3),
    "an unknown option": (well, ["--nowhere"], 2),
    "a released folder": (well, ["--path", "db/Released"], 3),
    "names of files, as pre-commit hands them over": (warned, ["db/migrations/prerelease.sql", "README.md"], 1),
}


@pytest.mark.parametrize(("by_hand", "args", "code"), AUDITS.values(), ids=AUDITS)
def test_the_exit_code_of_an_audit(pgops_nowhere, folder, by_hand, args, code):
    record(pgops_nowhere)
    by_hand(folder)
    before = contents(folder)
    ended = pgops_nowhere("migrations", "audit", *args)
    assert ended.code == code, ended.out + ended.err
    assert contents(folder) == before


def test_an_audit_names_what_where_and_the_cure(pgops_nowhere, folder):
    record(pgops_nowhere)
    warned(folder)
    ended = pgops_nowhere("migrations", "audit", "--json")
    (finding,) = ended.json["findings"]
    assert (finding["code"], finding["severity"]) == ("no_entry", "warning")
    assert finding["path"] == str(folder / "1_prerelease.sql")
    assert all(finding[part] for part in ("message", "cure"))
    assert "no_entry" in pgops_nowhere("migrations", "audit").out


def test_an_audit_of_a_change_that_was_broken_off_leaves_it(pgops_nowhere, folder):
    record(pgops_nowhere)
    (folder / ".pgops-new-0123456789ab").write_text("half")
    assert json.loads(pgops_nowhere("migrations", "audit", "--json").out)["findings"][0]["code"] == "unfinished"
    assert (folder / ".pgops-new-0123456789ab").exists()
    pgops_nowhere("migrations", "pending")
    assert pgops_nowhere("migrations", "audit").code == 0
