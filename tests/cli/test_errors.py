"""What goes wrong is said in one or two lines on stderr: what, where, and the cure; no traceback, no password."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest

from pgops.cli import main
from pgops.cli.failures import failure_of
from pgops.scratch import start_server
from tests.cli.conftest import OURS, Ended

PASSWORD = "p@ss'w0rd/:é"
HBA = "local all postgres trust\nlocal all all scram-sha-256\n"


@pytest.fixture
def in_process(pgops_nowhere, monkeypatch, capsys):
    """The program without a process of its own, for what never gets as far as a database."""

    def run(*args: str) -> Ended:
        for name in os.environ:
            if name.startswith(OURS):
                monkeypatch.delenv(name)
        for name, value in pgops_nowhere.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(pgops_nowhere.cwd)
        code = main(args)
        return Ended(code, *capsys.readouterr())

    return run


def refused(ended, code: int, *, lines: int = 2) -> str:
    """The two lines of an error, of a command that ended with `code` and printed nothing, or with --json just them."""
    assert ended.code == code, ended.err
    if ended.out:
        told = ended.json
        assert (told["schema"], told["exit_code"]) == ("pgops.error/1", code)
        assert told["what"] in ended.err
    said = [line for line in ended.err.splitlines() if not line.startswith("Checking ")]
    assert 1 <= len(said) <= lines
    assert said[0].startswith("pgops: ")
    return "\n".join(said)


USAGE = {
    "unknown command": (["chek"], "There is no command 'chek'. Did you mean 'check'?"),
    "unknown option": (["check", "--jsn"], "--jsn"),
    "unknown selector": (["check", "missing_fk_index"], "Did you mean 'missing_fk_indexes'?"),
    "unknown selector to leave out": (["check", "!idnexes"], "Did you mean 'indexes'?"),
    "selectors that leave nothing": (["check", "indexes", "!indexes"], "leave no check over"),
    "unknown severity": (["check", "--fail-on", "bad"], "critical"),
    "two formats": (["check", "--json", "--markdown"], "choose one"),
    "unknown check of a limit": (["check", "--limit", "table_size.top=3"], "Did you mean 'table_sizes'?"),
    "unknown limit": (["check", "--limit", "long_running_queries.warn=3"], "Did you mean 'warn_s'?"),
    "limit of the wrong type": (["check", "--limit", "long_running_queries.warn_s=soon"], "'soon'"),
    "limit that is no number": (["check", "--limit", "long_running_queries.warn_s=nan"], "'nan'"),
    "limit without a value": (["check", "--limit", "long_running_queries.warn_s"], "CHECK.LIMIT=VALUE"),
    "limit without a check": (["check", "--limit", "warn_s=3"], "CHECK.LIMIT=VALUE"),
    "limit of a topic": (["check", "--limit", "indexes.min_bytes=3"], "is a topic"),
    "no time": (["check", "--deadline", "0"], "--deadline"),
    "time that is no number": (["check", "--deadline", "nan"], "'nan' is no number of seconds"),
    "time to look that is no number": (["sessions", "terminate", "--pid", "1", "--wait", "nan"], "'nan' is no number"),
    "age that is no number": (["sessions", "--older-than", "nan"], "'nan' is no number of seconds"),
    "a choice that is missing": (["completion"], "Choose from: bash, zsh, fish"),
    "time without an end": (["check", "--statement-timeout", "inf"], "--statement-timeout"),
    "no connection at all": (["check", "--parallel", "0"], "--parallel"),
    "empty URL": (["check", "--url", ""], "it is empty"),
    "URL that can't be parsed": (["check", "--url", "nonsense"], "can't be parsed"),
    "earlier report that is not there": (["check", "--compare", "none.json"], "none.json"),
    "page into no folder": (["check", "--html", "none/page.html"], "does not exist"),
    "list of an unknown selector": (["list", "table_size"], "Did you mean 'table_sizes'?"),
    "list in two formats": (["list", "--json", "--names"], "choose one"),
}


@pytest.mark.parametrize(("args", "words"), USAGE.values(), ids=USAGE.keys())
def test_a_wrong_command_is_refused_before_anything_is_resolved(in_process, args, words):
    ended = in_process(*args)
    assert words in refused(ended, 2)
    assert "Checking" not in ended.err


MISPLACED = {
    "as a command": ["{url}"],
    "as a selector": ["check", "{url}"],
    "as a profile": ["check", "--profile", "{url}"],
    "as a limit": ["check", "--limit", "{url}"],
    "as a limit's value": ["check", "--limit", "long_running_queries.warn_s={url}"],
    "as a severity": ["check", "--fail-on", "{url}"],
    "as a time": ["check", "--deadline", "{url}"],
    "as a report": ["check", "--compare", "{url}"],
    "as a page": ["check", "--html", "{url}"],
    "as an option": ["check", "--{url}"],
    "as a selector of list": ["list", "{url}"],
}
STRINGS = {"url": "postgresql://ann:hunter2@db/shop", "keywords": "host=db user=ann password=hunter2"}


@pytest.mark.parametrize("string", STRINGS.values(), ids=STRINGS.keys())
@pytest.mark.parametrize("args", MISPLACED.values(), ids=MISPLACED.keys())
def test_a_url_in_the_wrong_place_keeps_its_password(pgops_nowhere, in_process, args, string):
    pgops_nowhere.write_config("[configuration]\nschema_version = 1\n[database.local]\n")
    ended = in_process(*(arg.format(url=string) for arg in args))
    file_for_a_page = "--html" in args and "://" not in string
    assert "hunter2" not in refused(ended, 3 if file_for_a_page else 2)


def test_a_group_alone_shows_its_help(in_process):
    ended = in_process("config")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: pgops config ")
    assert "\n  init " in ended.err


AS_JSON = {
    "no config": (["sessions", "--json"], 3, "ConfigNotFoundError"),
    "no such option": (["check", "--jsn", "--json"], 2, "NoSuchOption"),
    "two formats": (["list", "--names", "--json"], 2, "UsageError"),
}


@pytest.mark.parametrize(("args", "code", "kind"), AS_JSON.values(), ids=AS_JSON.keys())
def test_with_json_a_program_reads_why_there_is_no_answer(in_process, args, code, kind):
    ended = in_process(*args)
    told = ended.json
    assert list(told) == ["schema", "kind", "what", "cure", "exit_code"]
    assert (told["schema"], told["kind"], told["exit_code"], ended.code) == ("pgops.error/1", kind, code, code)
    assert f"pgops: {told['what']}\n" in ended.err


def test_a_password_is_not_in_the_json_either(in_process):
    assert "hunter2" not in in_process("--postgresql://ann:hunter2@db/shop", "--json").out
    assert in_process("psql", "--", "--json").out == ""  # that is psql's


# --- which database ---------------------------------------------------------------------------------------------------


def test_no_config(pgops_nowhere):
    said = refused(pgops_nowhere("check"), 3)
    assert f"{pgops_nowhere.cwd}/.skills/postgres/postgres.toml: there is no postgres.toml here" in said
    assert "DB_URL" in said
    assert "pgops config init" in said


def test_a_config_of_an_older_version(pgops_nowhere):
    pgops_nowhere.write_config("[database.local]\nhost = 'h'\n")
    assert "`pgops config upgrade`" in refused(pgops_nowhere("check"), 3)


def test_a_broken_config_names_line_and_cause(pgops_nowhere):
    file = pgops_nowhere.write_config('[configuration]\nschema_version = 1\n[database.local\nhost = "x"\n')
    assert f"{file}:3: " in refused(pgops_nowhere("check"), 3)


def test_a_wrong_value_names_line_and_key(pgops_nowhere):
    file = pgops_nowhere.write_config('[configuration]\nschema_version = 1\n[database.local]\nport = "many"\n')
    said = refused(pgops_nowhere("check"), 3)
    assert f"{file}:4: " in said
    assert "database.local.port" in said


def test_an_unknown_profile_suggests_the_nearest(pgops_nowhere):
    pgops_nowhere.write_config('[configuration]\nschema_version = 1\n[database.staging]\nhost = "x"\n')
    assert "Did you mean 'staging'?" in refused(pgops_nowhere("check", "-p", "stagin"), 2)
    assert "DB_PROFILE" in refused(pgops_nowhere("check", DB_PROFILE="stagin"), 2)


def test_an_incomplete_profile_names_what_is_missing(pgops_nowhere):
    pgops_nowhere.write_config('[configuration]\nschema_version = 1\n[database.local]\nhost = "x"\n')
    said = refused(pgops_nowhere("check"), 3)
    assert "database" in said
    assert "user" in said


def test_a_config_that_may_not_be_read(pgops_nowhere):
    pgops_nowhere.write_config("").unlink()
    (pgops_nowhere.cwd / ".skills" / "postgres" / "postgres.toml").mkdir()
    assert "postgres.toml" in refused(pgops_nowhere("check"), 3)


def test_a_warning_of_the_config_is_one_line(pgops_nowhere, any_database):
    pgops_nowhere.write_config(
        f"""
        [configuration]
        schema_version = 1
        [database.local]
        host = "{any_database.server.host}"
        port = {any_database.server.port}
        user = "postgres"
        database = "{any_database.name}"
        pasword = "hunter2"
        """
    )
    ended = pgops_nowhere("check", "invalid_indexes")
    assert ended.code == 0
    warnings = [line for line in ended.err.splitlines() if "warning:" in line]
    assert len(warnings) == 1
    assert "Did you mean 'password'?" in warnings[0]
    assert "hunter2" not in ended.err


# --- connecting -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict_server(any_server):
    """A server that asks everyone but its superuser for a password."""
    with start_server(any_server.binaries, hba=HBA) as server:
        with server.connect() as conn:
            conn.execute("CREATE ROLE ann LOGIN PASSWORD 'right'")
        yield server


@pytest.mark.parametrize("parallel", ["1", "2"], ids=["a connection", "a pool"])
def test_a_wrong_password(pgops_nowhere, strict_server, parallel):
    url = strict_server.conninfo(user="ann", password=PASSWORD)
    ended = pgops_nowhere("check", "--parallel", parallel, DB_URL=url)
    said = refused(ended, 3)
    assert 'password authentication failed for user "ann"' in said
    assert "Mend the password" in said
    assert PASSWORD not in ended.err
    assert "ann:********@" in ended.err


def test_a_right_password_is_not_shown_either(pgops_nowhere, strict_server):
    url = strict_server.conninfo(user="ann", password="right")
    ended = pgops_nowhere("check", "invalid_indexes", "--url", url, "--json")
    assert ended.code == 0, ended.err
    assert "right" not in ended.out + ended.err


def test_nobody_listens(pgops_nowhere):
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        said = refused(pgops_nowhere("check", DB_URL=f"postgresql://ann@127.0.0.1:{port}/shop"), 3)
    assert "Connection refused" in said
    assert "check host and port" in said


def test_no_such_database(pgops_nowhere, any_server):
    said = refused(pgops_nowhere("check", DB_URL=any_server.conninfo("no such database")), 3)
    assert "does not exist" in said
    assert "Mend the database's name" in said


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "not JSON"), ("[]", "not a report"), ('{"schema": "pgops.report/9"}', "Upgrade pgops")],
    ids=["no JSON", "other JSON", "newer report"],
)
def test_a_report_that_can_not_be_read_is_named(pgops_nowhere, text, words):
    (pgops_nowhere.cwd / "old.json").write_text(text)
    said = refused(pgops_nowhere("check", "--compare", "old.json"), 2)
    assert "old.json" in said
    assert words in said


def test_a_page_that_can_not_be_written_costs_no_report(pgops_here):
    (pgops_here.cwd / "page.html").symlink_to("loop.html")
    (pgops_here.cwd / "loop.html").symlink_to("page.html")
    ended = pgops_here("check", "invalid_indexes", "--html", "page.html")
    assert "pgops report" in ended.out
    assert "page.html: the page could not be written" in ended.err
    assert ended.code == 3


REFUSED = {
    "ended by an administrator": ("SELECT pg_terminate_backend(pg_backend_pid())", "57P01", "server's log"),
    "cancelled": ("SET statement_timeout = 1; SELECT pg_sleep(9)", "57014", "DB_STATEMENT_TIMEOUT_MS"),
    "without the right": ("SET ROLE pg_monitor; TABLE pg_authid", "42501", "GRANT"),
}


@pytest.mark.parametrize(("sql", "sqlstate", "cure"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_server_does_not_do_is_no_defect(any_server, sql, sqlstate, cure):
    with any_server.connect() as conn, pytest.raises(psycopg.Error) as caught:
        conn.execute(sql)
    failure = failure_of(caught.value)
    assert failure.what.startswith("The database did not do this: ")
    assert f"[{sqlstate}]" in failure.what
    assert cure in failure.cure
    assert failure.code == 3


def test_a_defect_is_one_line_too_and_shows_its_traceback_when_asked(pgops_here):
    broken = "import sys, pgops.checks.run as run; run.planned_run = None; from pgops.cli import main; sys.exit(main())"
    ran = [
        subprocess.run(
            [sys.executable, "-c", broken, "check", "invalid_indexes"],
            cwd=pgops_here.cwd,
            env=pgops_here.environment(**env),
            capture_output=True,
            text=True,
            check=False,
        )
        for env in ({}, {"PGOPS_TRACEBACK": "1"})
    ]
    assert ran[0].returncode == 3
    assert ran[0].stderr.startswith("pgops: unexpected TypeError: ")
    assert "Traceback" not in ran[0].stderr
    assert "Traceback" in ran[1].stderr


def test_a_hostile_argument_is_harmless(pgops_nowhere):
    for args in (["\x1b[2J"], ["check", "\x1b[2J"], ["check", "--\x1b[2J"], ["check", "--limit", "a\x1b[2J.b=1"]):
        ended = pgops_nowhere(*args, DB_URL="postgresql://nobody@nowhere.invalid/none")
        assert ended.code == 2
        assert "\x1b" not in ended.err
