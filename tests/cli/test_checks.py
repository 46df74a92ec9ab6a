"""`pgops checks`: explained, as SQL for psql, and begun and verified by their authors; and `pgops check --history`."""

from __future__ import annotations

import subprocess

import pytest

import pgops
from pgops import open_history
from pgops.scratch import embedded_binaries
from tests.cli.test_check import plant_duplicate_index

PROFILE = """\
[configuration]
schema_version = 1
[database.local]
host = 'h'
database = 'd'
user = 'u'
"""


# --- explain ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [check.id for check in pgops.list_checks()])
def test_every_check_is_explained(check):
    from pgops.checks.check_page import markdown_page

    known = pgops.get_check(check)
    page = markdown_page(known)
    assert page.startswith(f"# {known.title}\n\n`{check}`")
    assert all(word in page for word in known.doc.partition("\n")[2].split())


def test_explain_prints_the_page(pgops_nowhere):
    ended = pgops_nowhere("checks", "explain", "missing_fk_indexes")
    assert "# Foreign key without" in ended.out
    assert "## Limits" in ended.out
    assert "```sql" in ended.out
    assert ended.code == 0


def test_explain_of_what_is_not_there_suggests(pgops_nowhere):
    ended = pgops_nowhere("checks", "explain", "missing_fk_indxes")
    assert (ended.code, ended.out) == (2, "")
    assert "missing_fk_indexes" in ended.err


# --- sql --------------------------------------------------------------------------------------------------------------


def test_the_sql_runs_in_psql(pgops_here, any_database):
    asked = pgops_here("checks", "sql", "sequence_exhaustion")
    psql = embedded_binaries().bindir / "psql"
    ran = subprocess.run(
        [psql, "-X", "-v", "ON_ERROR_STOP=1", any_database.conninfo()],
        input=asked.out,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "limit_value" in ran.stdout


def test_limits_are_filled_in(pgops_nowhere):
    text = pgops_nowhere("checks", "sql", "unused_indexes", "--limit", "unused_indexes.min_bytes=4711").out
    assert ">= 4711" in text
    assert "%(" not in text
    assert "%%" not in text


def test_the_version_can_be_chosen(pgops_nowhere):
    old = pgops_nowhere("checks", "sql", "unused_indexes", "--server", "14").out
    assert "pg_stat_get_lastscan" not in old
    assert "pg_stat_get_lastscan" in pgops_nowhere("checks", "sql", "unused_indexes").out
    assert pgops_nowhere("checks", "sql", "unused_indexes", "--server", "9").code == 2
    assert "asks nothing by SQL" in pgops_nowhere("checks", "sql", "security.config_file").err


def test_the_schema_of_an_extension_is_filled_in(pgops_nowhere):
    text = pgops_nowhere("checks", "sql", "slow_queries", "--schema", "Ext ra").out
    assert '"Ext ra".pg_stat_statements' in text


# --- new and verify ---------------------------------------------------------------------------------------------------


@pytest.fixture
def project(pgops_here):
    (pgops_here.cwd / "db").mkdir()
    pgops_here.write_config(f"{PROFILE}[checks]\nfolder = 'db/checks'\n")
    return pgops_here


def test_a_check_is_begun_listed_run_and_verified(project):
    begun = project("checks", "new", "large_table")
    assert begun.code == 0
    file = project.cwd / "db" / "checks" / "large_table.sql"
    assert str(file.relative_to(project.cwd)) in begun.err
    assert "from checks/large_table.sql" in " ".join(project("list", "project").out.split())
    assert "project.large_table: keeps the contract" in project("checks", "verify").out
    ran = project("check", "project.large_table")
    assert (ran.code, "Clean (1)" in ran.out) == (0, True)
    assert project("check", "project.large_table", "--limit", "project.large_table.min_rows=0").code == 0
    assert "large_table" in project("checks", "explain", "project.large_table").out


def test_verify_tells_what_is_wrong(project):
    project("checks", "new", "large_table")
    file = project.cwd / "db" / "checks" / "large_table.sql"
    file.write_text(file.read_text().replace('rows = "int"', 'rows = "str"'))
    ended = project("checks", "verify")
    assert ended.code == 1
    assert "the column rows has the type" in ended.out
    file.write_text("SELECT 1")
    ended = project("checks", "verify", "project.large_table")
    assert ended.code == 2
    assert "does not begin with a header" in ended.err


def test_new_overwrites_nothing_and_leaves_the_folder_to_the_config(project):
    assert project("checks", "new", "mine", "--topic", "shop").code == 0
    assert (project.cwd / "db" / "checks" / "shop" / "mine.sql").exists()
    again = project("checks", "new", "mine", "--topic", "shop")
    assert (again.code, "is there already" in again.err) == (2, True)
    assert project("checks", "new", "Bad Name").code == 2


def test_new_without_a_folder_says_where_to_name_one(pgops_here):
    pgops_here.write_config(PROFILE)
    ended = pgops_here("checks", "new", "mine")
    assert (ended.code, 'folder = "db/checks"' in ended.err) == (2, True)


# --- check --history --------------------------------------------------------------------------------------------------


def test_a_history_says_what_is_new(pgops_here, any_database):
    plant_duplicate_index(any_database, "old")
    first = pgops_here("check", "duplicate_indexes", "--history", "kept.sqlite")
    assert "Since the report" not in first.out
    plant_duplicate_index(any_database, "new")
    second = pgops_here("check", "duplicate_indexes", "--history", "kept.sqlite")
    assert "1 new   1 persisting" in second.out
    with open_history(pgops_here.cwd / "kept.sqlite") as history:
        (series,) = history
        assert (series.database, len(series)) == (any_database.name, 2)


def test_a_file_that_is_no_history_is_told_before_anything_is_asked(pgops_here):
    (pgops_here.cwd / "kept.sqlite").write_text("no database at all, and long enough to show that" * 20)
    ended = pgops_here("check", "--history", "kept.sqlite")
    assert (ended.code, ended.out) == (2, "")
    assert "can't be opened as a history" in ended.err
