"""A profile means one database, whatever libpq's environment says: on a real server, every variable set wrongly."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from psycopg import pq

from pgops.config.pinning import LEFT_ALONE, pins
from pgops.conninfo import known_keywords

VARIABLES = {option.keyword.decode(): option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}

# Values that would lead elsewhere or be refused. A variable that a later libpq brings gets "elsewhere".
WRONG = {
    "host": "elsewhere.invalid",
    "hostaddr": "192.0.2.1",
    "port": "1",
    "passfile": "/nowhere/pgpass",
    "connect_timeout": "soon",
    "options": "-c search_path=elsewhere -c default_transaction_read_only=off",
    "sslmode": "verify-full",
    "gssencmode": "require",
    "channel_binding": "require",
    "target_session_attrs": "standby",
    "require_auth": "gss",
    "requirepeer": "nobody-at-all",
    "client_encoding": "LATIN9",
    "load_balance_hosts": "sideways",
    "ssl_min_protocol_version": "SSLv9",
}
SPECIAL = {"PGREQUIRESSL": "1"}

LOOK = """
import sys, psycopg, pgops
resolution = pgops.resolve(config=sys.argv[1])
calls = [lambda: pgops.connect(config=sys.argv[1])]
if sys.argv[2] == "psycopg":
    calls = [lambda: psycopg.connect(resolution.conninfo())]
for call in calls:
    with call() as conn:
        name, path, peer = conn.execute(
            "SELECT current_database(), current_setting('search_path'), current_setting('client_encoding')"
        ).fetchone()
        print(name, conn.info.user, conn.info.port, path, peer, sep="|")
"""


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DB_", "PROJECT_"))}
    return {**kept, **more}


@pytest.fixture
def profile(project, any_database):
    server = any_database.server
    with any_database.connect() as conn:
        user = conn.info.user
    fields = f"host = '{server.host}'\nport = {server.port}\ndatabase = '{any_database.name}'\nuser = '{user}'\n"
    project.write("[database.local]\n" + fields)
    return project, f'{any_database.name}|{user}|{server.port}|"$user", public|UTF8'


def looked(project, env: dict[str, str], by: str = "pgops") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LOOK, str(project.file), by], capture_output=True, text=True, env=env, check=False
    )


def wrong(keyword: str) -> str:
    return WRONG.get(keyword, "elsewhere")


@pytest.mark.parametrize("by", ["pgops", "psycopg"])
def test_every_variable_at_once_changes_nothing(profile, by):
    project, expected = profile
    every = {variable: wrong(keyword) for keyword, variable in VARIABLES.items() if keyword != "service"}
    found = looked(project, environment(**every, **SPECIAL), by)
    assert (found.stdout.strip(), found.returncode) == (expected, 0), found.stderr


def test_the_wrong_values_are_wrong(any_server, monkeypatch):
    """Without pins most of them fail by themselves: otherwise the test above would prove little."""
    import psycopg

    harmful = 0
    conninfo = any_server.conninfo()
    for keyword, variable in VARIABLES.items():
        with monkeypatch.context() as patched:
            patched.setenv(variable, wrong(keyword))
            try:
                psycopg.connect(conninfo).close()
            except (psycopg.Error, ValueError):
                harmful += 1
    assert harmful >= 8


SERVICES = {
    "that says other things": ("evil", "[evil]\n{}"),
    "that is not there": ("lost", "[other]\nhost=elsewhere.invalid\n"),
    "of a file that is not there": ("lost", None),
    "of a broken file": ("lost", "no section\n[lost]\nnonsense=1\n"),
    "without a name": ("", "[other]\n"),
}


@pytest.mark.parametrize(("name", "text"), SERVICES.values(), ids=SERVICES)
def test_a_service_of_the_environment(profile, name, text):
    project, expected = profile
    file = project.root / "services"
    if text is not None:
        said = {**{keyword: wrong(keyword) for keyword in known_keywords()}, "keepalives_idle": "x", "replication": "1"}
        lines = "\n".join(f"{keyword}={value}" for keyword, value in said.items() if keyword not in LEFT_ALONE)
        file.write_text(text.replace("{}", lines))
    found = looked(project, environment(PGSERVICE=name, PGSERVICEFILE=str(file)))
    assert (found.stdout.strip(), found.returncode) == (expected, 0), found.stderr


POOLS = """
import asyncio, os, sys, threading, pgops
from pgops.db.pooling import open_pool, open_async_pool
with open_pool(config=sys.argv[1], min_size=2, max_size=3) as pool, pool.connection() as a, pool.connection() as b:
    print(a.info.dbname, b.info.dbname, isinstance(a, __import__("psycopg").Connection))
async def main():
    async with await open_async_pool(config=sys.argv[1], min_size=2) as pool, pool.connection() as c:
        print(c.info.dbname)
asyncio.run(main())
threads = [threading.Thread(target=lambda: pgops.connect(config=sys.argv[1]).close()) for _ in range(12)]
[t.start() for t in threads]; [t.join() for t in threads]
print(os.environ["PGSERVICE"])
"""


def test_a_lost_service_hinders_no_pool_and_is_there_afterwards(profile):
    project, expected = profile
    name = expected.partition("|")[0]
    found = subprocess.run(
        [sys.executable, "-c", POOLS, str(project.file)],
        *(),
        capture_output=True,
        text=True,
        env=environment(PGSERVICE="lost"),
        check=False,
    )
    assert found.stdout.split() == [name, name, "True", name, "lost"], found.stderr
    assert "Error" not in found.stderr


def test_every_keyword_of_this_libpq_is_pinned_or_left_alone_for_a_reason():
    assert pins().keys() | LEFT_ALONE.keys() >= known_keywords()
    assert not pins().keys() & LEFT_ALONE.keys()
    assert all(LEFT_ALONE.values())


def test_pins_are_not_shown(project):
    project.write('[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\n')
    resolution = project.resolve()
    assert resolution.display == "postgresql://u@h:5432/d?sslmode=disable"
    assert "target_session_attrs" not in repr(resolution)
    assert "target_session_attrs=any" in resolution.conninfo()


def test_a_url_of_the_call_is_not_pinned(project):
    assert not project.resolve(url="postgresql://h/d").target.pins
    assert not project.resolve(env={"DB_URL": "postgresql://h/d"}).target.pins


def test_what_a_profile_says_beats_its_pins(project):
    project.write('[database.local]\nurl = "postgresql://u@h/d?target_session_attrs=standby&connect_timeout=3"\n')
    conninfo = project.resolve().conninfo()
    assert "target_session_attrs=standby" in conninfo
    assert "connect_timeout=3" in conninfo
