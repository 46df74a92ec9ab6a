"""Every script that pgops replaces has its call in the library and its command: a table, and each is really run.

schema_introspect, schema_diff and find_objects have an issue of their own.
"""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import pgops
from pgops.scratch import fresh_database
from tests.checks.sessions import pid_of, sessions_of
from tests.cli.conftest import Ended

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("scripts")  # one shop for all of them

LATER = {"schema_introspect", "schema_diff", "find_objects"}

SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers, note text);
INSERT INTO customers SELECT n, 'name' FROM generate_series(1, 100) AS n;
INSERT INTO orders SELECT n, n % 100 + 1, repeat('x', 50) FROM generate_series(1, 20000) AS n;
ANALYZE
"""


@attrs.frozen(kw_only=True)
class Project:
    """A folder with a postgres.toml whose only profile is the database, and a session to be ended."""

    folder: Path
    database: Any
    target: Any
    pids: tuple[int, ...]

    answers: dict[tuple[str, ...], Ended] = attrs.field(factory=dict)

    def once(self, run, script: Script) -> Ended:
        """What the command says; one that serves several scripts is run once."""
        if script.args not in self.answers:
            self.answers[script.args] = run(*script.args, "--json", **dict(script.env))
        return self.answers[script.args]

    @property
    def target_url(self) -> str:
        return self.target.conninfo()

    @property
    def config(self) -> Path:
        return self.folder / ".skills" / "postgres" / "postgres.toml"


@pytest.fixture(scope="module")
def project(any_server, tmp_path_factory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("shop")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    with (
        fresh_database(any_server) as database,
        fresh_database(any_server) as target,
        sessions_of(database) as sessions,
    ):
        with database.connect(autocommit=True) as conn:
            conn.execute(SHOP)
        busy = [sessions.start("SELECT pg_sleep(300)", until="wait_event = 'PgSleep'") for _ in range(2)]
        idle = sessions.open(application_name="victim")
        pids = tuple(pid_of(session) for session in (*busy, idle))
        made = Project(folder=folder, database=database, target=target, pids=pids)
        made.config.parent.mkdir(parents=True)
        made.config.write_text(config_text(database, "[configuration]\nschema_version = 1\n"))
        made.config.chmod(0o600)
        (folder / "one.sql").write_text("SELECT 1;\n")
        yield made


def config_text(database, begin: str = "") -> str:
    server = database.server
    return (
        f'{begin}[database]\nsslmode = false\n[database.local]\nhost = "{server.host}"\nport = {server.port}\n'
        f'user = "postgres"\ndatabase = "{database.name}"\n'
    )


@pytest.fixture
def run(project, pgops_inside):
    """`pgops` in the project's folder."""

    def called(*args: str, **env: str) -> Ended:
        return pgops_inside(project.folder, *(text.format(project=project) for text in args), **env)

    return called


@attrs.frozen(kw_only=True)
class Script:
    """What replaces one script: the library's call, the command, and what its caller finds in the command's JSON."""

    call: str
    args: tuple[str, ...]
    schema: str
    seen: tuple[str, ...]
    """Paths into the JSON that have to be there: `results.0.rows.0.total_bytes`."""
    code: int = 0
    env: tuple[tuple[str, str], ...] = ()


def paths(place: str, names: str) -> tuple[str, ...]:
    return tuple(f"{place}.{name}" for name in names.split())


def columns(alias: str, *names: str) -> tuple[str, ...]:
    return tuple(f"row:{alias}.{name}" for name in names)


def check(*args: str, seen: tuple[str, ...], code: int = 0) -> Script:
    call = "pgops.run_checks"
    return Script(
        call=call, args=("check", *args), schema="pgops.report/1", seen=("results.0.outcome", *seen), code=code
    )


YES = (("DB_CONFIRM", "YES"),)
TRIED = paths(
    "connection", "database user host port version search_path read_only_default timezone application_name tls pid"
)
ROW = "results.0.rows.0"
STATEMENT = ("calls", "total_ms", "mean_ms", "rows", "query")

SCRIPTS: dict[str, Script] = {
    "resolve_db_url": Script(
        call="pgops.resolve",
        args=("config", "show"),
        schema="pgops.resolution/1",
        seen=("connection", "profile", "source", "because"),
    ),
    "psql_with_ssl_fallback": Script(
        call="pgops.psql", args=("psql", "-f", "one.sql"), schema="pgops.psql/1", seen=("exit_code",)
    ),
    "bootstrap_profile": Script(
        call="pgops.config.bootstrap", args=("config", "init"), schema="pgops.error/1", seen=("what", "cure"), code=2
    ),  # a dialogue, without a terminal; test_config_init has one
    "check_deps": Script(
        call="pgops.check_deps",
        args=("doctor",),
        schema="pgops.doctor/1",
        seen=("dependencies.programs.0.name", "dependencies.programs.0.version", "dependencies.install"),
        code=1,
    ),
    "check_psql": Script(
        call="pgops.check_deps", args=("doctor",), schema="pgops.doctor/1", seen=("dependencies.programs",), code=1
    ),
    "test_connection": Script(
        call="pgops.test_connection",
        args=("config", "test"),
        schema="pgops.connection_test/1",
        seen=("ok", "outcome", *TRIED),
    ),
    "pg_version": Script(
        call="pgops.pg_version",
        args=("config", "test"),
        schema="pgops.connection_test/1",
        seen=("connection.version",),
    ),
    "connection_info": Script(
        call="pgops.connection_info", args=("config", "test"), schema="pgops.connection_test/1", seen=TRIED
    ),
    "roles_overview": check(
        "roles_overview",
        seen=paths(
            ROW,
            "role can_login superuser createdb createrole inherit replication bypassrls conn_limit valid_until "
            "member_of",
        ),
    ),
    "schema_dump": Script(
        call="pgops.dump.dump_database",
        args=("dump", "schema.sql", "--content", "schema", "--overwrite"),
        schema="pgops.dump/1",
        seen=("path", "size_bytes", "manifest"),
    ),
    "data_dump": Script(
        call="pgops.dump.dump_database",
        args=("dump", "rows.dump", "--content", "data", "--overwrite"),
        schema="pgops.dump/1",
        seen=("path", "size_bytes", "manifest"),
    ),
    "restore_dump": Script(
        call="pgops.dump.restoring.proposing.propose_restore",
        args=("restore", "schema.sql", "--url", "{project.target_url}"),
        schema="pgops.record/1",
        seen=("outcome", "details"),
        env=YES,
    ),
    "table_sizes": check(
        "table_sizes",
        seen=(
            *paths(ROW, "schema table total_bytes table_bytes index_bytes toast_bytes"),
            *paths("results.0.limits", "top schema min_bytes"),
        ),
    ),
    "locks_overview": check(
        "locks_overview", seen=columns("locks_overview", "pid", "blocked_by", "user", "query", "waited_s")
    ),
    "slow_queries": check("slow_queries", seen=columns("slow_queries", *STATEMENT)),
    "pg_stat_statements_top": check(
        "pg_stat_statements_top",
        seen=(
            *columns("pg_stat_statements_top", *STATEMENT),
            *(f"limit:pg_stat_statements_top.{name}" for name in ("top", "query_chars", "all_databases", "by_mean")),
        ),
    ),
    "index_health": check(
        "index_health",
        seen=(
            "results.1.outcome",
            *columns("unused_indexes", "schema", "table", "index", "index_bytes", "scans"),
            *columns("tables.sequential_scans", "schema", "table", "rows", "seq_scans", "idx_scans", "indexes"),
        ),
    ),
    "activity_overview": check(
        "activity_overview",
        seen=columns(
            "activity_overview",
            *("pid", "user", "database", "state", "wait_event_type", "wait_event"),
            *("query_age_s", "transaction_age_s", "query"),
        ),
    ),
    "long_running_queries": check(
        "long_running_queries",
        "--limit",
        "long_running_queries.warn_s=300",
        seen=columns("long_running_queries", "pid", "user", "database", "running_s", "query"),
    ),
    "cancel_backend": Script(
        call="pgops.actions.propose_cancel",
        args=("sessions", "cancel", "--pid", "{project.pids[0]}"),
        schema="pgops.endings/1",
        seen=("results.0.pid", "results.0.outcome"),
        env=YES,
    ),
    "terminate_backend": Script(
        call="pgops.actions.propose_terminate",
        args=("sessions", "terminate", "--pid", "{project.pids[1]}"),
        schema="pgops.endings/1",
        seen=("results.0.pid", "results.0.outcome"),
        env=YES,
    ),
    "query_action": Script(
        call="pgops.actions.list_sessions",
        args=("sessions", "terminate", "--application", "victim", "--state", "idle"),
        schema="pgops.endings/1",
        seen=("results.0.outcome",),
        env=YES,
    ),
    "explain_analyze": Script(
        call="pgops.explain",
        args=("explain", "--analyze", "SELECT * FROM orders"),
        schema="pgops.query_plan/1",
        seen=("explain",),
    ),
    "vacuum_analyze_status": check(
        "vacuum_analyze_status",
        seen=paths(ROW, "live_rows dead_rows last_vacuum last_autovacuum last_analyze last_autoanalyze"),
    ),
    "missing_fk_indexes": check(
        "missing_fk_indexes", seen=("results.0.findings.0.fix", "results.0.rows.0.columns"), code=1
    ),
    "update_sslmode": Script(
        call="pgops.config.set_sslmode",
        args=("config", "sslmode", "local", "false"),
        schema="pgops.record/1",
        seen=("outcome", "statements.0"),
        env=YES,
    ),
    "migrate_toml_schema": Script(
        call="pgops.config.propose_upgrade",
        args=("config", "upgrade"),
        schema="pgops.record/1",
        seen=("outcome",),
        env=YES,
    ),
    "run_sql": Script(
        call="pgops.run_sql",
        args=("sql", "SELECT 1 AS one"),
        schema="pgops.sql/1",
        seen=("results.0.columns", "results.0.rows.0", "results.0.tag"),
    ),
    "run_sql -f": Script(
        call="pgops.run_sql",
        args=("sql", "-f", "one.sql"),
        schema="pgops.sql/1",
        seen=("results.0.columns", "results.0.rows.0", "results.0.tag"),
    ),
    "check_toml_gitignored": check(
        "check_toml_gitignored", seen=("results.0.rows.0.ignored", "results.0.rows.0.tracked")
    ),
    "release_migration": Script(
        call="pgops.migrations.Workspace",
        args=("migrations", "release", "-m", "first", "--dry-run"),
        schema="pgops.migrations.release/1",
        seen=("steps", "files", "digest"),
    ),
    "doctor": Script(
        call="pgops.examine", args=("doctor",), schema="pgops.doctor/1", seen=("signs.0.state", "ok"), code=1
    ),
    "settings": check("settings.overview", seen=("results.0.rows.0.name", "results.0.rows.0.value")),
    "replication slots": check("replication_slots", seen=columns("replication_slots", "slot", "active")),
    "extensions": check("schema.extensions", seen=("results.0.rows.0",)),
    "invalid indexes": check("invalid_indexes", seen=columns("invalid_indexes", "schema", "index")),
    "bloated tables": check("bloated_tables", seen=columns("bloated_tables", "schema", "table")),
}


def found(answer: Any, path: str) -> Any:
    """What stands at the path. Raises `LookupError` where there is nothing."""
    kind, colon, rest = path.partition(":")
    if colon:
        alias, _, name = rest.rpartition(".")
        check = pgops.get_check(alias)
        return attrs.fields_dict(check.row if kind == "row" else check.limits)[name]
    for part in path.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return answer


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_its_call_and_its_command(run, project, name):
    script = SCRIPTS[name]
    module, _, call = script.call.rpartition(".")
    assert callable(getattr(import_module(module), call))
    if name == "release_migration":
        assert run("migrations", "record", "CREATE TABLE t (id int)", "-m", "t").code == 0
    if name == "restore_dump":
        assert run("dump", "schema.sql", "--content", "schema", "--overwrite", "--json").code == 0
    if name == "check_toml_gitignored":
        assert run("config", "ignore", "--json", **dict(YES)).code == 0
    ended = project.once(run, script)
    assert ended.code == script.code, ended.out + ended.err
    answer = ended.json
    assert next(iter(answer.items())) == ("schema", script.schema)
    for path in script.seen:
        found(answer, path)


def test_the_table_is_that_of_the_facts():
    """The names of the page that the project was begun from; what is left out is left out by name."""
    named = set(SCRIPTS) | LATER
    page = (
        "resolve_db_url psql_with_ssl_fallback bootstrap_profile check_deps check_psql test_connection pg_version "
        "connection_info roles_overview schema_introspect schema_diff schema_dump data_dump restore_dump table_sizes "
        "locks_overview slow_queries pg_stat_statements_top index_health activity_overview long_running_queries "
        "cancel_backend terminate_backend query_action explain_analyze vacuum_analyze_status missing_fk_indexes "
        "update_sslmode migrate_toml_schema run_sql find_objects check_toml_gitignored release_migration doctor"
    )
    assert set(page.split()) <= named


def test_a_profile_is_changed_and_nothing_else_of_its_file(run, project):
    before = project.config.read_text()
    asked = run("config", "sslmode", "local", "verify-full", "--json")
    assert (asked.code, asked.json["kind"]) == (3, "NotApprovedError")
    assert "nobody has approved" in asked.err
    assert project.config.read_text() == before
    assert run("config", "sslmode", "local", "verify-full", DB_CONFIRM="YES").code == 0
    assert 'sslmode = "verify-full"' in project.config.read_text()
    assert run("config", "sslmode", "nobody", "true").code == 2
    project.config.write_text(before)


def test_an_old_file_is_upgraded(run, project):
    before = project.config.read_text()
    project.config.write_text("# ours\n" + config_text(project.database).replace("false", '"no"'))
    assert run("config", "show").code == 3
    ended = run("config", "upgrade", "--json", DB_CONFIRM="YES")
    assert (ended.code, ended.json["outcome"]) == (0, "written")
    assert "# ours\n[database]\nsslmode = false\n" in project.config.read_text()
    assert run("config", "test", "--json").code == 0
    project.config.write_text(before)


def test_a_connection_that_fails_is_an_answer_with_code_3(run):
    ended = run("config", "test", "--json", "--url", "host=/nonexistent dbname=x user=x")
    answer = ended.json
    assert (ended.code, answer["ok"], answer["outcome"], answer["connection"]) == (3, False, "unreachable", None)
    assert answer["error"]
