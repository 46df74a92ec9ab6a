"""`pgops doctor` and `pgops.examine`: whatever keeps pgops from working well is a sign with its cure."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from contextlib import contextmanager

import pytest

import pgops
from pgops.doctor import State, foresee_skips
from pgops.scratch import fresh_database, start_server
from tests.db.poolers import start_pgbouncer
from tests.db.standby import start_standby
from tests.servers import binaries_of

pytestmark = pytest.mark.outer_versions

YES = {"DB_CONFIRM": "YES"}


def signs_of(ended) -> dict[str, dict[str, object]]:
    """The signs by name; of several with one name the worst."""
    signs = sorted(ended.json["signs"], key=lambda sign: sign["is_bad"])
    return {sign["name"]: sign for sign in signs}


@pytest.fixture
def project(pgops_inside, tmp_path):
    """A folder: `write` gives it a postgres.toml, calling it runs pgops there."""

    class Project:
        folder = tmp_path
        file = tmp_path / ".skills" / "postgres" / "postgres.toml"

        def write(self, text: str, mode: int = 0o600) -> None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(text)
            self.file.chmod(mode)

        def __call__(self, *args: str, **env: str):
            return pgops_inside(tmp_path, *args, **env)

    return Project()


def profile_of(server, name: str, *, password: str = "", port: int | None = None) -> str:
    return (
        f'[configuration]\nschema_version = 1\n[database.local]\nhost = "{server.host}"\nport = {port or server.port}\n'
        f'user = "postgres"\ndatabase = "{name}"\npassword = "{password}"\n'
    )


# --- the exit code ----------------------------------------------------------------------------------------------------


def test_where_there_is_nothing_it_says_what_to_make(project):
    ended = project("doctor", "--json")
    signs = signs_of(ended)
    assert ended.code == 1
    assert (signs["postgres.toml"]["state"], signs["database"]["state"]) == ("missing", "missing")
    assert "pgops config init" in signs["database"]["cure"]
    assert {"Python", "psycopg", "psql", "plugins", "workspace"} <= signs.keys()
    assert ended.json["database"] is None
    shown = project("doctor")
    assert (shown.code, shown.err) == (1, "")
    assert "→ Make one: pgops config init" in " ".join(shown.out.split())


def test_where_all_is_well_nothing_is_to_be_done(project):
    preload = {"shared_preload_libraries": "pg_stat_statements"}
    with start_server(binaries_of(18), settings=preload) as server, fresh_database(server) as database:
        with database.connect(autocommit=True) as conn:
            conn.execute("CREATE EXTENSION pg_stat_statements")
        project.write(profile_of(server, database.name, password="hunter2"))
        ended = project("doctor", "--json")
        bad = [sign for sign in ended.json["signs"] if sign["is_bad"]]
        assert (ended.code, bad, ended.json["ok"]) == (0, [], True)
        assert "hunter2" not in ended.out + ended.err
        assert ended.json["profile"] == "local"
        assert "the default" in ended.json["because"]
        project.file.chmod(0o644)
        assert project("doctor").code == 1


def test_a_named_database_that_can_not_be_looked_at_is_code_3(project, any_server):
    project.write(profile_of(any_server, "no_such_database"))
    ended = project("doctor", "--json")
    reached = signs_of(ended)["reached"]
    assert reached["state"] == "could not look"
    assert "no_such_database" in reached["message"]
    assert reached["cure"]
    assert ended.code == 3
    project.write(profile_of(any_server, "no_such_database", password="x"), mode=0o644)
    assert project("doctor").code == 1, "1 wins over 3"


# --- the project ------------------------------------------------------------------------------------------------------

CONFIGS = {
    "an old one": ("[database.local]\nhost = 'x'\n", "older", "pgops config upgrade"),
    "a newer one": ("[configuration]\nschema_version = 99\n", "99", "Upgrade pgops"),
    "no TOML": ("[configuration\n", "postgres.toml:1", ""),
    "an unknown key": ("[configuration]\nschema_version = 1\npg_bin = '/'\n", "pg_bin_path", ""),
}


@pytest.mark.parametrize(("text", "said", "cure"), CONFIGS.values(), ids=CONFIGS.keys())
def test_a_config_with_a_fault(project, text, said, cure):
    project.write(text)
    ended = project("doctor", "--json")
    sign = signs_of(ended)["postgres.toml"]
    assert (ended.code, sign["state"]) == (1, "warning")
    assert said in sign["message"]
    assert cure in sign["cure"]


def test_a_profile_that_can_not_be_chosen(project):
    project.write("[configuration]\nschema_version = 1\n[database.a]\nhost = 'x'\n[database.b]\nhost = 'y'\n")
    signs = signs_of(project("doctor", "--json"))
    assert "a, b" in signs["database"]["message"]
    assert signs["reached"]["state"] == "could not look"
    named = signs_of(project("doctor", "-p", "c", "--json"))["database"]
    assert "no profile 'c'" in named["message"]


def test_a_file_that_git_would_publish_and_its_cures(project, any_database):
    subprocess.run(["git", "init", "--quiet", str(project.folder)], check=True)
    project.write(profile_of(any_database.server, any_database.name, password="x"), mode=0o644)

    def cures() -> list[str]:
        signs = project("doctor", "--json").json["signs"]
        return [sign["cure"] for sign in signs if sign["name"] == "config file" and sign["is_bad"]]

    assert cures() == ["pgops config private", "pgops config ignore"]
    for cure in cures():
        assert project(*cure.split()[1:], **YES).code == 0
    assert cures() == []


def test_migrations_that_were_edited(project):
    assert project("migrations", "record", "SELECT 1", "-m", "one").code == 0
    assert signs_of(project("doctor", "--json"))["workspace"]["state"] == "ok"
    assert project("migrations", "release", "-m", "one", **YES).code == 0
    (released,) = (project.folder / "db" / "migrations" / "released").glob("*.sql")
    released.write_text("SELECT 2;\n")
    sign = signs_of(project("doctor", "--json"))["workspace"]
    assert (sign["state"], sign["cure"]) == ("warning", "pgops migrations audit")


def test_plugins_and_checks_that_can_not_take_part(pgops_nowhere):
    pgops_nowhere.install_plugin("half_installed", "raise RuntimeError('half installed')")
    pgops_nowhere.write_config("[configuration]\nschema_version = 1\n[checks]\nfolder = 'own'\n")
    (pgops_nowhere.cwd / "own").mkdir()
    (pgops_nowhere.cwd / "own" / "broken.sql").write_text("no header")
    ended = pgops_nowhere("doctor", "--json")
    signs = signs_of(ended)
    assert "half installed" in signs["plugin half_installed"]["message"]
    assert any("broken.sql" in name for name in signs)
    assert ended.code == 1


# --- the connection ---------------------------------------------------------------------------------------------------


def test_what_a_healthy_session_is_like(any_database):
    found = pgops.examine(url=any_database.conninfo(), env={})
    assert found["reached"].state is State.OK
    assert found["read-only"].state is State.OK
    assert "tried, and it holds" in found["timeouts"].message
    assert found["TLS"].message.startswith("not in use")
    assert found["pooler"].message == "none stands between"
    assert found["role"].message == "a primary"
    assert pickle.loads(pickle.dumps(found)) == found
    assert json.loads(found.to_json())["connection"]["database"] == any_database.name


def test_timeouts_that_are_off(any_database):
    found = pgops.examine(url=any_database.conninfo(), env={"DB_STATEMENT_TIMEOUT_MS": "0"})
    assert found["timeouts"].state is State.WARNING
    assert "statement_timeout" in found["timeouts"].message


def test_a_pooler_in_between(any_server):
    with start_pgbouncer(any_server) as pooler:
        found = pgops.examine(url=pooler.conninfo(), env={})
    assert found["pooler"].state is State.WARNING
    assert not found["pooler"].is_bad
    assert "pool_mode = session" in found["pooler"].cure
    assert found["timeouts"].state in {State.OK, State.WARNING}


def test_a_standby(any_server):
    with start_standby(any_server) as url:
        found = pgops.examine(url=url, env={})
    assert found["role"].message == "a standby"
    (primary,) = [sign for sign in found.of("checks") if sign.name == "primary"]
    assert (primary.is_bad, primary.cure) == (False, "Ask the primary.")
    assert found["timeouts"].state is State.OK


def test_what_the_server_denies_is_not_the_end(any_database):
    with bare_role(any_database) as (url, admin):
        admin.execute("REVOKE SELECT ON pg_catalog.pg_available_extensions FROM PUBLIC")
        found = pgops.examine(url=url, env={})
    assert found["extensions"].state is State.UNSEEN
    assert "permission denied" in found["extensions"].message
    assert found.of("checks")


# --- privileges -------------------------------------------------------------------------------------------------------

SHOWS_IN_THE_RUN = {"settings.memory_overcommit", "settings.timeouts_unset", "storage.checksum_failures"}
"""SKIPPED for what they see, not for what is missing."""


@contextmanager
def bare_role(database, name: str = 'bare "one"'):
    quoted = '"' + name.replace('"', '""') + '"'
    with database.connect(autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {quoted} LOGIN")
        try:
            yield database.conninfo(user=name), admin
        finally:
            admin.execute(f"DROP OWNED BY {quoted}; DROP ROLE {quoted}")


def skipped(url: str) -> set[str]:
    with pgops.connect(url=url) as conn:
        return {result.check for result in pgops.run_checks(conn).skipped}


def test_what_is_foreseen_is_what_the_run_says_and_the_cure_cures_it(database):
    with bare_role(database) as (url, admin):
        with pgops.connect(url=url) as conn:
            groups = foresee_skips(conn)
            assert conn.info.transaction_status == 0
        foreseen = {check for group in groups for check in group.usual}
        before = skipped(url)
        assert before - SHOWS_IN_THE_RUN == foreseen

        found = pgops.examine(url=url, env={})
        (role,) = [sign for sign in found.of("checks") if sign.name == "role"]
        assert role.is_bad
        assert role.cure.startswith('GRANT pg_monitor TO "bare ""one""";')
        assert len(role.checks) > 20
        admin.execute(role.cure.partition(";")[0])
        after = skipped(url)
        # The first lack is named; what needs an extension too still does.
        with pgops.connect(url=url) as conn:
            still = {check for group in foresee_skips(conn) for check in group.usual}
        assert after - SHOWS_IN_THE_RUN == still
        assert not {check for check in role.checks if check not in still} & after
        for grant in [sign.cure for sign in found.of("checks") if sign.name == "grant"]:
            admin.execute(grant)
        with pgops.connect(url=url) as conn:
            assert not [group for group in foresee_skips(conn) if group.kind in {"role", "grant"}]


# --- without libpq ----------------------------------------------------------------------------------------------------


def test_without_libpq_that_is_what_it_says(pgops_nowhere):
    code = (
        "import sys; sys.modules |= dict.fromkeys(('psycopg_c', 'psycopg_binary', 'psycopg.pq.pq_ctypes'))\n"
        "from pgops.cli import main; sys.exit(main(['doctor', '--json']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=pgops_nowhere.cwd,
        env=pgops_nowhere.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)
    assert "pgops[binary]" in json.loads(ran.stdout)["signs"][1]["cure"]
