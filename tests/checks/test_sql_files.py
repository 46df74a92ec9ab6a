"""A project's own checks in `.sql` files: what they may say, and that they are no way in."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

import pgops
from pgops import CheckSettings, Outcome, Registry, Severity, Target, load_config
from pgops.checks.api import Scope
from pgops.checks.sql_files import check_of, with_checks_of
from pgops.errors import BadCheckError, DuplicateCheckError
from pgops.testing import assert_contract

ORDERS = """/*
title = "Order that nobody pays for"
why = "Stock is set aside for it. False alarm: a customer who pays by letter."
severity = { by = "open_days", warning = "days", critical = "worse_days" }
message = "Order {number} has been open for {open_days} days."
fix = "DELETE FROM shop.orders WHERE number = {number!l};"
columns = { number = "str", open_days = "int" }
aliases = ["open_orders"]

[target]
kind = "order"
schema = "number"
name = "number"

[limits.days]
default = 14
unit = "days"
doc = "How long an order may be open."

[limits.worse_days]
default = 60
unit = "days"
doc = "When it is critical."
*/
SELECT v.number, v.open_days -- 100%, and :nothing
  FROM (VALUES ('a%b'::text, 20), ('c', 13), ('d', 90)) AS v (number, open_days)
 WHERE v.open_days >= :days
   AND v.number NOT LIKE 'x%'
   AND (ARRAY[1, 2, 3])[1:2] IS NOT NULL;
"""
LISTING = """/*
title = "All of them"
why = "To look at."
columns = { name = "str", many = "tuple[str]?" }
*/
VALUES ('a'::text, ARRAY['x'])
"""
LISTING = LISTING.replace("VALUES ('a'::text, ARRAY['x'])", "SELECT 'a'::text AS name, ARRAY['x'::text] AS many")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "db" / "checks"
    (folder / "shop").mkdir(parents=True)
    (folder / "open_order.sql").write_text(ORDERS)
    (folder / "shop" / "everything.sql").write_text(LISTING)
    return folder


def run(conn, folder, select=None, **more):
    return pgops.run_checks(conn, select, registry=Registry(()), settings=CheckSettings(folder=folder, **more))


# --- what they are ----------------------------------------------------------------------------------------------------


def test_a_file_is_a_check_like_any_other(folder, database):
    with database.connect() as conn:
        report = run(conn, folder)
    orders, listing = report["open_orders"], report["shop.everything"]
    assert [result.check for result in report] == ["project.open_order", "shop.everything"]
    assert [(str(each.severity), each.target, each.message, each.fix) for each in orders.findings] == [
        (
            "warning",
            Target("order", "a%b", "a%b"),
            "Order a%b has been open for 20 days.",
            "DELETE FROM shop.orders WHERE number = 'a%b';",
        ),
        (
            "critical",
            Target("order", "d", "d"),
            "Order d has been open for 90 days.",
            "DELETE FROM shop.orders WHERE number = 'd';",
        ),
    ]
    assert (listing.outcome, listing.rows[0].name, listing.rows[0].many) == (Outcome.LISTED, "a", ("x",))
    assert pgops.Report.from_json(report.to_json()) == report


def test_its_limits_can_be_set_everywhere(folder, any_database):
    with any_database.connect() as conn:
        called = pgops.run_checks(
            conn, registry=Registry(()), settings=CheckSettings(folder=folder), limits={"open_orders": {"days": 5}}
        )
        set_ = run(conn, folder, limits={"project.open_order": {"worse_days": 15}})
    assert len(called["open_orders"].rows) == 3
    assert {str(each.severity) for each in set_.findings} == {"critical"}


def test_it_keeps_the_contract_and_its_author_can_try_that(folder, database):
    for check in with_checks_of(Registry(()), folder).checks:
        assert_contract(check, database.connect)


def test_the_contract_catches_a_wrong_column(database):
    check = check_of(LISTING.replace('name = "str"', 'name = "int"'), slug="x")
    with pytest.raises(AssertionError, match="the column name has the type"):
        assert_contract(check, database.connect)


def test_every_key_of_the_header_means_something():
    check = check_of(
        ORDERS.replace(
            "[target]",
            'since = 16\nscope = "cluster"\nstandby = false\nopt_in = true\nmax_rows = 7\ndetails = ["open_days"]\n'
            'requires = { role = "pg_monitor", extension = "hstore", extension_version = "1.4" }\n\n[target]',
        ),
        slug="open_order",
        topic="shop",
    )
    assert (check.id, check.title, check.scope, check.standby, check.opt_in, check.max_rows) == (
        *("shop.open_order", "Order that nobody pays for", Scope.CLUSTER),
        *(False, True, 7),
    )
    assert check.requires == pgops.Requires(role="pg_monitor", extension="hstore", extension_version="1.4")
    assert (check.queries[0].since, check.queries[0].extension) == (16, ("hstore", "1.4"))
    assert [field.name for field in attrs.fields(check.limits)] == ["days", "worse_days"]
    assert "by letter" in check.doc


def test_percent_signs_and_variables_are_those_of_psql():
    (query,) = check_of(ORDERS, slug="x").queries
    assert "NOT LIKE 'x%%'" in query.sql
    assert "v.open_days >= %(days)s" in query.sql
    assert ":nothing" in query.sql
    assert "[1:2]" in query.sql


def test_one_severity_for_all():
    text = ORDERS.replace('{ by = "open_days", warning = "days", critical = "worse_days" }', '"Info"')
    assert check_of(text, slug="x").judge.severity is Severity.INFO


def test_the_example_finds_what_it_says(any_database):
    folder = Path(__file__).parents[2] / "examples" / "checks"
    with any_database.connect() as conn:
        conn.execute("CREATE SCHEMA shop; CREATE TABLE shop.orders (number int, made date, paid date)")
        conn.execute("INSERT INTO shop.orders SELECT n, CURRENT_DATE - n FROM generate_series(13, 15) AS n")
        report = run(conn, folder)
    assert [(each.target.name, each.message) for each in report.findings] == [
        ("15", "Order 15 has been open for 15 days."),
        ("14", "Order 14 has been open for 14 days."),
    ]
    check = with_checks_of(Registry(()), folder).get("shop.open_order")
    assert_contract(check, any_database.connect, reads_tables=True)


# --- what is refused --------------------------------------------------------------------------------------------------


def saying(*lines: str) -> str:
    """The listing, with more in its header."""
    return LISTING.replace("why", "\n".join((*lines, "why")), 1)


TARGET = 'target = { kind = "k", name = "name" }'
WRONG = {
    "no header": ("SELECT 1", "does not begin with a header"),
    "no TOML": ("/* title = */ SELECT 1", "no TOML"),
    "an unknown key": (ORDERS.replace("fix =", "fxi ="), "'fxi'"),
    "no title": (LISTING.replace('title = "All of them"', ""), "title is missing"),
    "no why": (LISTING.replace('why = "To look at."', ""), "why is missing"),
    "no columns": (LISTING.replace('columns = { name = "str", many = "tuple[str]?" }', ""), "columns is missing"),
    "an unknown type": (LISTING.replace('"str"', '"text"'), "the column name is 'text'"),
    "a column that is code": (LISTING.replace("name =", '"a; import os" ='), "no name of a column"),
    "a column that is a keyword": (LISTING.replace("name =", '"class" ='), "no name of a column"),
    "an unknown severity": (saying('severity = "bad"', TARGET, 'message = "m"'), "no severity is called"),
    "a severity without a message": (saying('severity = "info"', TARGET), "message is missing"),
    "a severity without a target": (saying('severity = "info"', 'message = "m"'), "target is missing"),
    "a message without a severity": (saying('message = "m"'), "severity is missing"),
    "a target that is no column": (ORDERS.replace('name = "number"', 'name = "nmber"'), "'nmber', which is no column"),
    "a template that is code": (ORDERS.replace("{open_days} days", "{open_days.__class__} days"), "only plain fields"),
    "a template of what is not there": (ORDERS.replace("{open_days} days", "{open_dayz} days"), "'open_dayz'"),
    "a bound that is no limit": (ORDERS.replace('warning = "days"', 'warning = "dayz"'), "'dayz'"),
    "a limit without a default": (ORDERS.replace("default = 14", ""), "limits.days has no default"),
    "a limit that is a list": (ORDERS.replace("default = 14", "default = [1]"), "limits.days has no default"),
    "a limit called severity": (saying("limits = { severity = { default = 1 } }"), "severity is no name"),
    "a scope that is none": (saying('scope = "galaxy"'), "'galaxy'"),
    "a version that is a text": (saying('since = "16"'), "a whole number"),
    "an alias in capitals": (saying('aliases = ["Open"]'), "'Open'"),
    "an INSERT": (LISTING.replace("SELECT 'a'", "INSERT INTO t SELECT 'a'"), "no SELECT"),
    "a DO block": (LISTING.replace("SELECT 'a'", "DO $$ BEGIN END $$; SELECT 'a'"), "no SELECT"),
    "nothing": (LISTING.partition("*/")[0] + "*/ -- SELECT", "no SELECT"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told(text, says):
    with pytest.raises(BadCheckError, match=says.replace("(", r"\(")):
        check_of(text, slug="x")


@pytest.mark.parametrize("name", ["Öl", "a b", "1st", "x-y", ""])
def test_a_files_name_is_an_id(name):
    with pytest.raises(BadCheckError, match="lower case"):
        check_of(LISTING, slug=name)


def test_a_broken_file_is_named_and_the_rest_goes_on(folder, any_database):
    (folder / "broken.sql").write_text("SELECT 1")
    (folder / "latin.sql").write_bytes("/* title = 'é' */ SELECT 1".encode("latin-1"))
    (folder / "outside.sql").symlink_to("/etc/passwd")
    with any_database.connect() as conn:
        report = run(conn, folder)
    assert {plugin.name: plugin.error.partition(".")[0] for plugin in report.broken_plugins} == {
        "checks/broken.sql": "The file does not begin with a header: /* TOML */",
        "checks/latin.sql": f"{folder}/latin",
        "checks/outside.sql": f"{folder}/outside",
    }
    assert len(report.results) == 2


def test_a_folder_that_is_not_there_is_named(tmp_path, any_database):
    with any_database.connect() as conn:
        report = run(conn, tmp_path / "none")
    assert [plugin.error for plugin in report.broken_plugins] == ["there is no such folder"]


def test_an_id_that_is_taken_is_an_error_that_names_both(folder):
    (folder / "indexes").mkdir()
    (folder / "indexes" / "unused_index.sql").write_text(LISTING)
    with pytest.raises(DuplicateCheckError, match=r"checks/indexes/unused_index\.sql"):
        with_checks_of(pgops.default_registry(), folder)


def test_asking_twice_adds_nothing(folder):
    (folder / "broken.sql").write_text("SELECT 1")
    once = with_checks_of(Registry(()), folder)
    again = with_checks_of(once, folder)
    assert [entry.check.id for entry in again] == [entry.check.id for entry in once]
    assert again.broken == once.broken


# --- that it is no way in ---------------------------------------------------------------------------------------------

ROW = "SELECT 'a'::text AS name, NULL::text[] AS many"
ATTACKS = {
    "a second statement": (f"{ROW}; DROP TABLE victim", "42601"),
    "out of the transaction": (f"{ROW}; COMMIT; DROP TABLE victim", "42601"),
    "a write in a CTE": (f"WITH x AS (DELETE FROM public.victim RETURNING 1) {ROW} FROM x", "25006"),
    "a function that writes": (f"{ROW} FROM public.wipe()", "25006"),
}


@pytest.mark.parametrize(("sql", "state"), ATTACKS.values(), ids=ATTACKS)
def test_nothing_is_changed(sql, state, folder, database):
    (folder / "shop" / "everything.sql").write_text(LISTING.partition("*/")[0] + "*/\n" + sql)
    with database.connect() as conn:
        conn.execute("CREATE TABLE victim AS SELECT 1 AS a")
        conn.execute("CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM public.victim RETURNING 1'")
        result = run(conn, folder)["shop.everything"]
        assert (result.outcome, result.sqlstate) == (Outcome.FAILED, state)
        assert conn.execute("SELECT count(*) FROM victim").fetchone() == (1,)


# --- from postgres.toml -----------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path, folder):
    def written(checks):
        path = tmp_path / ".skills" / "postgres" / "postgres.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        head = "[configuration]\nschema_version = 1\n[database.local]\nhost = 'h'\ndatabase = 'd'\nuser = 'u'\n"
        path.write_text(head + checks)
        return load_config(path, env={"PROJECT_ROOT": str(tmp_path)})

    return written


def test_the_config_names_the_folder_and_may_set_its_checks(config, folder, any_database):
    settings = config(
        "[checks]\nfolder = 'db/checks'\n[checks.project.open_order]\ndays = 15\n"
        "[[checks.suppress]]\ncheck = 'open_orders'\ntarget = 'd.*'\nreason = 'known'\n"
    ).check_settings()
    assert (settings.folder, settings.limits) == (folder, {"project.open_order": {"days": 15}})
    with any_database.connect() as conn:
        report = pgops.run_checks(conn, ["open_orders"], settings=settings)
    assert [each.target.name for each in report.findings] == ["a%b"]


def test_without_the_settings_no_file_is_read(config, any_database):
    config("[checks]\nfolder = 'db/checks'\n")
    with any_database.connect() as conn, pytest.raises(pgops.PgopsError, match="open_orders"):
        pgops.run_checks(conn, ["open_orders"])


@pytest.mark.parametrize("folder_", ["../elsewhere", "/etc", "link"])
def test_a_folder_outside_the_project_is_refused(config, tmp_path, folder_):
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(pgops.PgopsError, match="leads out of the project root"):
        config(f"[checks]\nfolder = '{folder_}'\n").check_settings()
