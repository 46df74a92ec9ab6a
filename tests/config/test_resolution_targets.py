"""What a resolved profile connects to: fields, url, sslmode, and nothing from libpq's own environment."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from pgops.config.model import Profile
from pgops.config.resolution import resolve
from pgops.config.target import target_of
from pgops.errors import ConninfoError
from pgops.secret import Secret

FIELDS = '[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\n'


def params(resolution) -> dict[str, str]:
    """What libpq itself reads from the revealed string, without what only wards off its environment."""
    found = conninfo_to_dict(resolution.conninfo())
    kept = {*resolution.target.params, "password", "sslmode"}
    return {key: value for key, value in found.items() if key in kept and value != ""}


def resolved(project, text) -> dict[str, str]:
    project.write(text)
    return params(project.resolve("local"))


DEFAULTS = {"port": "5432", "sslmode": "prefer"}
TARGETS = {
    "fields": (FIELDS, {"host": "h", "port": "5432", "dbname": "d", "user": "u", "sslmode": "disable"}),
    "port and password": (
        FIELDS + 'port = 6432\npassword = "p"',
        {"host": "h", "port": "6432", "dbname": "d", "user": "u", "sslmode": "disable", "password": "p"},
    ),
    "sslmode true": (
        FIELDS + "sslmode = true",
        {"host": "h", "port": "5432", "dbname": "d", "user": "u", "sslmode": "require"},
    ),
    "sslmode from [database]": (
        "[database]\nsslmode = 'verify-ca'\n" + FIELDS,
        {"host": "h", "port": "5432", "dbname": "d", "user": "u", "sslmode": "verify-ca"},
    ),
    "own sslmode beats [database]": (
        "[database]\nsslmode = false\n" + FIELDS + "sslmode = 'verify-full'",
        {"host": "h", "port": "5432", "dbname": "d", "user": "u", "sslmode": "verify-full"},
    ),
    "unix socket": (
        FIELDS.replace('"h"', '"/run/my socket"'),
        {"host": "/run/my socket", "port": "5432", "dbname": "d", "user": "u", "sslmode": "disable"},
    ),
    # a url of its own: as it is, the fields fill what it leaves out
    "url": ('[database.local]\nurl = "postgresql://u@h/d"', {**DEFAULTS, "host": "h", "dbname": "d", "user": "u"}),
    "url with everything": (
        FIELDS + 'port = 1\npassword = "no"\nsslmode = false\n'
        'url = "postgresql://U:P@H:2/D?sslmode=require&connect_timeout=3"',
        {
            "host": "H",
            "port": "2",
            "dbname": "D",
            "user": "U",
            "password": "P",
            "sslmode": "require",
            "connect_timeout": "3",
        },
    ),
    "url: [database].sslmode does not override its own": (
        '[database]\nsslmode = false\n[database.local]\nurl = "postgresql://u@h/d?sslmode=verify-full"',
        {**DEFAULTS, "host": "h", "dbname": "d", "user": "u", "sslmode": "verify-full"},
    ),
    "url: nor does the profile's": (
        '[database.local]\nsslmode = true\nurl = "postgresql://u@h/d?sslmode=verify-full"',
        {**DEFAULTS, "host": "h", "dbname": "d", "user": "u", "sslmode": "verify-full"},
    ),
    "url without sslmode takes the profile's": (
        '[database]\nsslmode = false\n[database.local]\nsslmode = "verify-full"\nurl = "postgresql://u@h/d"',
        {**DEFAULTS, "host": "h", "dbname": "d", "user": "u", "sslmode": "verify-full"},
    ),
    "url without sslmode takes [database]'s": (
        '[database]\nsslmode = true\n[database.local]\nurl = "postgresql://u@h/d"',
        {**DEFAULTS, "host": "h", "dbname": "d", "user": "u", "sslmode": "require"},
    ),
    "url: fields fill user, database and password": (
        '[database]\nuser = "u"\n[database.local]\ndatabase = "d"\npassword = "p"\nurl = "postgresql://h"',
        {**DEFAULTS, "host": "h", "dbname": "d", "user": "u", "password": "p"},
    ),
    "url with a host: another host's port is none of its": (
        '[database]\nhost = "x"\nport = 77\n[database.local]\nurl = "postgresql://u@h/d"',
        {**DEFAULTS, "host": "h", "dbname": "d", "user": "u"},
    ),
    "url with a host: a port beside it is meant": (
        '[database.local]\nport = 77\nurl = "postgresql://u@h/d"',
        {**DEFAULTS, "host": "h", "dbname": "d", "user": "u", "port": "77"},
    ),
    "url without a host": (
        '[database]\nhost = "x"\nport = 77\n[database.local]\nurl = "postgresql:///d?user=u"',
        {**DEFAULTS, "host": "x", "port": "77", "dbname": "d", "user": "u"},
    ),
    "keyword string": (
        "[database.local]\nurl = \"host=h dbname='a b' user=u password='p\\\\\\\\q'\"",
        {**DEFAULTS, "host": "h", "dbname": "a b", "user": "u", "password": "p\\q"},
    ),
    "several hosts": (
        '[database.local]\nurl = "postgresql://u@a:1,b:2/d?target_session_attrs=read-write"',
        {
            "host": "a,b",
            "port": "1,2",
            "dbname": "d",
            "user": "u",
            "sslmode": "prefer",
            "target_session_attrs": "read-write",
        },
    ),
    "service": (
        '[database]\nhost = "x"\nuser = "y"\nsslmode = false\n[database.local]\npassword = "p"\nurl = "service=prod"',
        {"service": "prod", "password": "p"},
    ),
    # a url inherited from [database]: the profile's own fields are nearer
    "shared url": (
        '[database]\nurl = "postgresql://u:p@h:1/d?sslmode=require"\n[database.local]\n',
        {"host": "h", "port": "1", "dbname": "d", "user": "u", "password": "p", "sslmode": "require"},
    ),
    "shared url, own database": (
        '[database]\nurl = "postgresql://u:p@h:1/d"\n[database.local]\ndatabase = "mine"\nsslmode = "verify-full"',
        {"host": "h", "port": "1", "dbname": "mine", "user": "u", "password": "p", "sslmode": "verify-full"},
    ),
    "shared url, own host": (
        """[database]
sslmode = false
url = "host=h hostaddr=192.0.2.1 dbname=d user=u sslmode=require"
[database.local]
host = "mine"
""",
        {**DEFAULTS, "host": "mine", "dbname": "d", "user": "u", "sslmode": "require"},
    ),
    "shared url, own url": (
        '[database]\nurl = "postgresql://a:b@c:1/d?sslmode=require"\n[database.local]\nurl = "postgresql://u@h/e"',
        {**DEFAULTS, "host": "h", "dbname": "e", "user": "u"},
    ),
}


@pytest.mark.parametrize(("text", "expected"), TARGETS.values(), ids=TARGETS)
def test_targets(project, text, expected):
    assert resolved(project, text) == expected


def test_db_url_is_used_as_it_is(project):
    """Not pinned: a one-off that leaves things to libpq's environment means it."""
    assert conninfo_to_dict(project.resolve(env={"DB_URL": "postgresql:///shop"}).conninfo()) == {"dbname": "shop"}


def test_a_broken_url_names_the_profile_and_its_line_and_concerns_no_other(project):
    project.write('[database.bad]\nurl = "postgresql://u:hunter2@h:port/d"\n' + FIELDS)
    assert project.resolve().profile.name == "local"
    with pytest.raises(ConninfoError) as caught:
        project.resolve("bad")
    assert f"The url of profile 'bad' ({project.file}:3) can't be used" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_display_is_for_people(project):
    project.write(FIELDS + 'password = "hunter2"')
    assert project.resolve().display == "postgresql://u:********@h:5432/d?sslmode=disable"


# --- hostile values arrive as they are -------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
HOSTILE = TEXT | st.sampled_from(
    [
        "'",
        "\\",
        "\\'",
        " ",
        "a b",
        "x' host=evil",
        "p@ss:w/rd?#%[]",
        "%41",
        "🦀",
        "a\nb",
        "\t",
        '"',
        "=",
        "host=evil",
        "$HOME",
    ]
)


@given(password=HOSTILE, user=HOSTILE, database=HOSTILE)
def test_fields_reach_libpq_unchanged(password, user, database, tmp_path_factory):
    profile = Profile(name="x", host="h", user=user, database=database, password=Secret(password))
    found = conninfo_to_dict(target_of(profile, tmp_path_factory.getbasetemp()).reveal())
    assert (found["password"], found["user"], found["dbname"], found["host"]) == (password, user, database, "h")


# --- libpq's environment, on a real server ---------------------------------------------------------------------------

ELSEWHERE = {
    "PGHOST": "elsewhere.invalid",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGDATABASE": "elsewhere",
    "PGUSER": "elsewhere",
    "PGSSLMODE": "verify-full",
}


@pytest.mark.parametrize("variable", [*ELSEWHERE, "all of them", "PGSERVICE"])
@pytest.mark.parametrize("by", ["fields", "url"])
def test_a_profile_is_not_redirected_by_the_environment(project, any_database, monkeypatch, *, variable, by):
    server = any_database.server
    with any_database.connect() as conn:
        user = conn.info.user
    for name, value in ELSEWHERE.items():
        if variable in {name, "all of them"}:
            monkeypatch.setenv(name, value)
    if variable == "PGSERVICE":
        service = "[evil]\n" + "\n".join(f"{name[2:].lower()}={value}" for name, value in ELSEWHERE.items())
        (project.root / "services").write_text(service.replace("database=", "dbname="))
        monkeypatch.setenv("PGSERVICEFILE", str(project.root / "services"))
        monkeypatch.setenv("PGSERVICE", "evil")
    where = f"host={server.host} port={server.port} dbname={any_database.name} user={user}"
    fields = f"host = '{server.host}'\nport = {server.port}\ndatabase = '{any_database.name}'\nuser = '{user}'"
    project.write("[database.local]\n" + (fields if by == "fields" else f"url = '{where}'"))
    with psycopg.connect(project.resolve().conninfo()) as conn:
        assert conn.execute("SELECT current_database()").fetchone() == (any_database.name,)
        assert (conn.info.host, conn.info.port, conn.info.user) == (str(server.host), server.port, user)


def test_a_url_that_leaves_host_and_user_out_means_libpqs_defaults_not_the_environments(monkeypatch):
    """The empty text means the same to libpq as no value and no variable."""
    target = target_of(Profile(name="x", url=Secret("postgresql:///"), stated=frozenset({"url"})), __file__)
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    refused = []
    for conninfo in (target.with_(port="1").reveal(), "port=1 sslmode=prefer"):
        with pytest.raises(psycopg.OperationalError) as caught:
            psycopg.connect(conninfo)
        refused.append(str(caught.value))
        for name in ELSEWHERE:
            monkeypatch.delenv(name, raising=False)
    assert refused[0] == refused[1]


def test_resolve_takes_a_sealed_url():
    assert resolve(url=Secret("postgresql://u:p@h/d"), env={}).target.password == Secret("p")
