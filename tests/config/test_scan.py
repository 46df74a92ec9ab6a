"""What a scan finds, what it leaves alone, and that it shows no password, follows no link and ends in good time."""

from __future__ import annotations

import logging
import os
import pickle
import socket
import time
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pgops.config.bootstrapping.profile_fields import as_url
from pgops.config.scanning.candidates import Candidate, CandidateKind
from pgops.config.scanning.comments import without_comments
from pgops.config.scanning.mentions import mentions_in
from pgops.config.scanning.scanned_files import LEFT_OUT_FOLDERS, Syntax, syntax_of
from pgops.config.scanning.scanner import scan
from pgops.errors import ConfigError

URL = "postgresql://ann:hunter2@db.example:5433/shop"


def write(root: Path, name: str, text: str | bytes = URL) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def urls(root: Path) -> list[str]:
    return [as_url(candidate.target).reveal() for candidate in scan(root)]


def urls_of(root: Path, name: str, text: str) -> list[str]:
    write(root, name, text)
    return urls(root)


# --- URLs ------------------------------------------------------------------------------------------------------------

WHERE_A_URL_ENDS = {
    "alone": "{}",
    "single quotes": "x = '{}'",
    "double quotes": 'x = "{}", y',
    "backticks": "x = `{}`",
    "quotes in quotes": r'x = "a \"{}\" b"',
    "brackets": "connect({})",
    "square brackets": "[{}]",
    "angle brackets": "<{}>",
    "markup": "<url>{}</url>",
    "a default": "${{DB:-{}}}",
    "full stop": "It is at {}.",
    "comma": "one of {}, or none",
    "semicolon": "go {};",
    "colon": "at {}: yes",
    "newline escape": r'print("at {}\n")',
    "pipe": "psql {}|cat",
    "tab": "psql {}\t-c x",
    "argument": "--dsn={}",
    "another driver": "r2dbc:{}",
    "flow list": "[a, {}]",
}


@pytest.mark.parametrize("text", WHERE_A_URL_ENDS.values(), ids=WHERE_A_URL_ENDS.keys())
def test_a_url_ends_where_it_should(tmp_path, text):
    assert urls_of(tmp_path, "notes.js", text.format(URL)) == [URL]


WHAT_A_URL_MAY_BE = {
    "postgres": ("postgres://ann@db/shop", "postgresql://ann@db/shop"),
    "psycopg": ("postgresql+psycopg://ann@db/shop", "postgresql://ann@db/shop"),
    "asyncpg": ("postgres+asyncpg://ann@db/shop", "postgresql://ann@db/shop"),
    "jdbc": ("jdbc:postgresql://db:5433/shop?user=ann&ssl=true", "postgresql://ann@db:5433/shop?sslmode=require"),
    "jdbc, short": ("jdbc:postgresql:shop", "postgresql:///shop"),
    "letter s": (
        "postgres://sss:pass@sessions/ss?sslmode=require",
        "postgresql://sss:pass@sessions/ss?sslmode=require",
    ),
    "IPv6": ("postgres://ann@[2001:db8::1]:5433/shop", "postgresql://ann@[2001:db8::1]:5433/shop"),
    "hosts": ("postgres://ann@a:1,b:2/shop", "postgresql://ann@a:1,b:2/shop"),
    "socket": ("postgres:///shop?host=/run/pg", "postgresql:///shop?host=/run/pg"),
    "encoded": ("postgres://ann:p%40ss%2F@db/shop", "postgresql://ann:p%40ss%2F@db/shop"),
    "Prisma's": ("postgres://ann@db/shop?schema=public&sslmode=disable", "postgresql://ann@db/shop?sslmode=disable"),
    "node's": ("postgres://ann@db/shop?sslmode=no-verify", "postgresql://ann@db/shop"),
    "@ in the password": ("postgres://ann:p@ss@db/shop", "postgresql://ann:p%40ss@db/shop"),
    "/ in the password": ("postgres://ann:p/a@db/shop", "postgresql://ann:p%2Fa@db/shop"),
    "% in the password": ("postgres://ann:100%@db/shop", "postgresql://ann:100%25@db/shop"),
    "# in the password": ("postgres://ann:a#b@db/shop", "postgresql://ann:a%23b@db/shop"),
    "masked password": ("postgres://ann:*****@db/shop", "postgresql://ann@db/shop"),
    "only a host": ("postgres://db", "postgresql://db/"),
}


@pytest.mark.parametrize(("written", "meant"), WHAT_A_URL_MAY_BE.values(), ids=WHAT_A_URL_MAY_BE.keys())
@pytest.mark.parametrize("quote", ["'", '"'], ids=["single", "double"])
def test_kinds_of_urls(tmp_path, written, meant, quote):
    assert urls_of(tmp_path, "settings.py", f"x = {quote}{written}{quote}\n") == [meant]


NO_URL = {
    "variable": "postgres://ann:$PASSWORD@db/shop",
    "variable in braces": "postgres://ann@${HOST}/shop",
    "command": "postgres://ann@$(hostname)/shop",
    "f-string": "postgres://{user}:{password}@db/shop",
    "template": "postgres://{{ user }}@db/shop",
    "ruby": "postgres://#{user}@db/shop",
    "percent": "postgres://%s:%s@%s/%s",
    "percent, named": "postgres://%(user)s@db/shop",
    "placeholder": "postgres://<user>:<password>@db/shop",
    "Supabase's placeholder": "postgres://postgres:[YOUR-PASSWORD]@db/shop",
    "scheme alone": "postgres://",
    "scheme in prose": "URLs begin with postgresql:// or so",
    "login without a place": "postgres://ann:",
    "another scheme": "mypostgres://ann@db/shop",
    "mysql": "mysql://ann@db/shop",
    "bad port": "postgres://ann@db:99999999/shop",
}


@pytest.mark.parametrize("text", NO_URL.values(), ids=NO_URL.keys())
@pytest.mark.parametrize("form", ['x = "{}"', "x {} y"], ids=["quoted", "bare"])
def test_what_is_dynamic_or_no_url_is_left_out(tmp_path, text, form):
    assert urls_of(tmp_path, "a.ts", form.replace("{}", text)) == []


CONCATENATED = {
    "plus": '"postgres://db/" + name',
    "plus on the next line": '"postgres://db/"\n    + name',
    "php": '"postgres://db/" . $name',
    "format": '"postgres://db/{}".format(name)',
    "percent": "'postgres://db/x%' % name",
    "implicit": '"postgres://ann:"\n "secret@db/shop"',
}


@pytest.mark.parametrize("text", CONCATENATED.values(), ids=CONCATENATED.keys())
def test_a_url_that_the_program_goes_on_with_is_left_out(tmp_path, text):
    assert urls_of(tmp_path, "a.php", text) == []


def test_a_literal_fallback_counts(tmp_path):
    text = f"a = os.environ.get('DATABASE_URL', '{URL}')\nb = process.env.DATABASE_URL || '{URL}2'"
    assert urls_of(tmp_path, "a.js", text) == [URL, URL + "2"]


# --- variables -------------------------------------------------------------------------------------------------------

FOUND = [
    (
        ".env",
        "PGHOST=db\nPGPORT=5433\nPGDATABASE=shop\nPGUSER=ann\nPGPASSWORD=hunter2\n",
        [URL.replace(".example", "")],
    ),
    (".env", "DB_HOST=db\nDB_NAME=shop\nDB_USER=ann\n", ["postgresql://ann@db/shop"]),
    (".env", "DB_HOST=db\nDB_DATABASE=shop\nDB_USERNAME=ann\n", ["postgresql://ann@db/shop"]),
    (".env", f"DATABASE_URL={URL}", [URL]),
    (".env", f'export DATABASE_URL="{URL}" # the shop', [URL]),
    (".env.local", f"POSTGRES_URL='{URL}'", [URL]),
    (".env", "DATABASE_URL=host=db dbname=shop user=ann", ["postgresql://ann@db/shop"]),
    (".env", "PGHOST=db # inline\nPGPASSWORD=a#b\nPGUSER=ann\n", ["postgresql://ann:a%23b@db/"]),
    (".env", "PGHOST=db\r\nPGPASSWORD='two words # here'\r\n", ["postgresql://db/?password=two%20words%20%23%20here"]),
    (".env", "PGHOST = db\nPGUSER: ann\n", ["postgresql://ann@db/"]),
    (".env", "PGHOST=db\nPGPASSWORD=\n", ["postgresql://db/"]),
    (".env", "PGHOST=one\nPGHOST=two\nPGUSER=ann", ["postgresql://ann@two/"]),
    (".env", "\ufeffPGHOST=db\nPGSSLMODE=verify-full", ["postgresql://db/?sslmode=verify-full"]),
    ("prod.env", "PGHOST=db PGUSER=ann", ["postgresql://ann@db/"]),
    (".envrc", "export PGHOST=db PGUSER=ann; export PGDATABASE='shop'", ["postgresql://ann@db/shop"]),
    ("Dockerfile", "FROM x\nENV PGHOST=db PGUSER=ann \\\n    PGDATABASE=shop\n", ["postgresql://ann@db/shop"]),
    ("Dockerfile", 'ENV PGHOST db\nENV PGUSER="ann"\nARG PGDATABASE=shop\n', ["postgresql://ann@db/shop"]),
    ("Dockerfile", f'CMD ["psql", "{URL}"]', [URL]),
    ("docker-compose.yml", "environment:\n  PGHOST: db\n  PGUSER: 'ann' # who\n", ["postgresql://ann@db/"]),
    ("docker-compose.yaml", 'environment:\n  - PGHOST=db\n  - "PGUSER=ann"\n', ["postgresql://ann@db/"]),
    ("a.yml", "env: {PGHOST: db, PGUSER: ann, PGPORT: 5433}", ["postgresql://ann@db:5433/"]),
    ("a.yml", "PGHOST: db\nPGPASSWORD: 'it''s'\nPGUSER: ann", ["postgresql://ann:it%27s@db/"]),
    ("k8s.yaml", "env:\n- name: PGHOST\n  value: db\n- name: PGUSER\n  value: 'ann'\n", ["postgresql://ann@db/"]),
    ("task.json", '[{"name": "PGHOST", "value": "db"}, {"name":"PGUSER","value":"ann"}]', ["postgresql://ann@db/"]),
    ("a.json", '{"DATABASE_URL": "postgres:\\/\\/ann@db\\/shop"}', ["postgresql://ann@db/shop"]),
    ("a.json", '{"DB_HOST": "db", "DB_PORT": 5433, "DB_USER": "a\\u006en"}', ["postgresql://ann@db:5433/"]),
    ("a.toml", "PGHOST = \"db\" # here\nPGUSER = 'ann'\n", ["postgresql://ann@db/"]),
    ("a.ini", "[db]\nDB_HOST = db ; here\nDB_USER: ann\n", ["postgresql://ann@db/"]),
    ("a.properties", "DB_HOST=db\nDB_PASSWORD=a # b\nDB_USER=ann", ["postgresql://ann:a%20%23%20b@db/"]),
    ("a.py", "DB_HOST: str = 'db'\nDB_USER = \"ann\"\nDB_PORT = 5433", ["postgresql://ann@db:5433/"]),
    ("a.py", "os.environ['PGHOST'] = 'db'\nos.environ[\"PGUSER\"] = 'ann'", ["postgresql://ann@db/"]),
    ("a.py", 'connect(\n  DB_HOST="db",\n  DB_USER="ann")', ["postgresql://ann@db/"]),
    ("a.rs", 'const DB_HOST: &\'static str = "db";\nconst DB_USER: &str = "ann";', ["postgresql://ann@db/"]),
    ("a.go", 'DB_HOST := "db"\nDB_USER := `ann`', ["postgresql://ann@db/"]),
    ("a.rb", 'ENV["PGHOST"] ||= "db"\nX = { "PGUSER" => "ann" }', ["postgresql://ann@db/"]),
    ("a.php", "return ['DB_HOST' => 'db', 'DB_USER' => 'ann'];", ["postgresql://ann@db/"]),
    ("a.ts", "process.env.PGHOST = 'db'; const env = {PGUSER: \"ann\"}", ["postgresql://ann@db/"]),
    ("A.java", 'String DB_HOST = "db", DB_USER = "ann"; // PGHOST = "x"', ["postgresql://ann@db/"]),
]


@pytest.mark.parametrize(("name", "text", "expected"), FOUND, ids=[f"{name}: {text[:40]!r}" for name, text, _ in FOUND])
def test_variables_that_are_set(tmp_path, name, text, expected):
    assert urls_of(tmp_path, name, text) == expected


LEFT_OUT = [
    (".env", f"# DATABASE_URL={URL}"),
    (".env", "  #PGHOST=db"),
    (".env", "PGHOST=$HOST"),
    (".env", 'PGHOST="${HOST}"'),
    (".env", "PGHOST=$(hostname)"),
    (".env", "PGHOST=`hostname`"),
    (".env", "PGHOST=<your host>"),
    (".env", "PGHOST={{ host }}"),
    (".env", "PGHOST="),
    (".env", "PGPASSWORD=hunter2"),
    (".env", "PGPORT=5432\nPGSSLMODE=require"),
    (".env", "MY_PGHOST=db\nPGHOST_2=db\nPGHOSTS=db"),
    (".env", 'PGHOST="db"suffix'),
    (".env", "DB_CONNECTION=mysql\nDB_HOST=db\nDB_DATABASE=shop\nDB_USERNAME=ann"),
    (".env", "DATABASE_URL=mysql://ann@db/shop"),
    (".env", "PGHOST=postgres://"),
    ("Dockerfile", "# ENV PGHOST=db"),
    ("Dockerfile", "ENV PGHOST=${HOST}"),
    ("a.yml", "#PGHOST: db"),
    ("a.yml", "PGHOST: ${HOST}\nPGUSER: !secret user\nPGDATABASE: *name\nDB_HOST: null\nDB_NAME: ~"),
    ("a.js", "const DB_HOST = process.env.DB_HOST || fallback"),
    ("a.js", "if (DB_HOST == 'db' || PGHOST === 'db') {}"),
    ("a.js", "// DB_HOST = 'db'\n/* PGHOST = 'db'\n */ const a = 'it'"),
    ("a.js", "const DB_HOST = 'db' + suffix"),
    ("a.js", "const DB_HOST = `db-${n}`"),
    ("a.js", f"// {URL}"),
    ("a.js", f"/* one\n {URL} */"),
    ("a.py", f"x = 1  # {URL}"),
    ("a.py", "DB_HOST = os.environ['DB_HOST']\nDB_USER = getenv('DB_USER', 'ann')"),
    ("a.py", 'DB_HOST = f"db-{n}"\nDB_USER = USER'),
    ("a.rb", "DB_HOST = ENV['DB_HOST']\nDB_USER = ENV.fetch('DB_USER', 'x')"),
    ("a.ini", "; DB_HOST = db\n# DB_USER = ann"),
    ("a.properties", "# DB_HOST=db\n! DB_USER=ann"),
]


@pytest.mark.parametrize(("name", "text"), LEFT_OUT, ids=[f"{name}: {text[:40]!r}" for name, text in LEFT_OUT])
def test_what_is_not_set_or_not_known_is_left_out(tmp_path, name, text):
    assert urls_of(tmp_path, name, text) == []


COMPOSE = """
services:
  app:
    environment:
      PGHOST: one
      PGUSER: ann
      PGDATABASE: shop
  worker:
    environment:
      - PGHOST=two
      - PGUSER=bob
      - PGDATABASE=jobs
"""

TOGETHER = [
    ("families that agree", ".env", f"DATABASE_URL={URL}\nDB_HOST=db.example\nDB_NAME=shop", [URL]),
    ("a url completed", ".env", "DATABASE_URL=postgres://ann@db/shop\nPGPASSWORD=x", ["postgresql://ann:x@db/shop"]),
    ("families that complete one another", ".env", "DB_HOST=db\nPGUSER=ann", ["postgresql://ann@db/"]),
    (
        "families that contradict one another",
        ".env",
        "DATABASE_URL=postgres://a@one/x\nDB_HOST=two\nDB_NAME=y\nDB_USER=b",
        ["postgresql://a@one/x", "postgresql://b@two/y"],
    ),
    (
        "the password of another service",
        "docker-compose.yml",
        "a:\n  environment:\n    PGPASSWORD: x\nb:\n  environment: [PGHOST=db, PGUSER=ann]\n",
        ["postgresql://ann@db/"],
    ),
    ("services", "docker-compose.yml", COMPOSE, ["postgresql://ann@one/shop", "postgresql://bob@two/jobs"]),
    (
        "sections",
        "a.ini",
        "[a]\nDB_HOST=one\nDB_NAME=x\n[b]\nDB_HOST=two\nDB_NAME=y\n",
        ["postgresql://one/x", "postgresql://two/y"],
    ),
    (
        "objects",
        "a.json",
        '{"a": {"DB_HOST": "one", "DB_NAME": "x"}, "b": {"DB_HOST": "two", "DB_NAME": "y"}}',
        ["postgresql://one/x", "postgresql://two/y"],
    ),
    (
        "a url in the text is completed by nothing",
        "a.py",
        "'postgres://db'\nPGUSER='ann'",
        ["postgresql://db/", "postgresql://ann@/"],
    ),
]


@pytest.mark.parametrize(
    ("name", "text", "expected"), [case[1:] for case in TOGETHER], ids=[case[0] for case in TOGETHER]
)
def test_what_belongs_together_is_one_candidate(tmp_path, name, text, expected):
    assert urls_of(tmp_path, name, text) == expected


def test_a_candidate_says_where_each_part_is_from_and_what_is_missing(tmp_path):
    file = write(tmp_path, "svc/.env", "\nPGHOST=db\n\nPGPASSWORD=hunter2\n")
    (found,) = scan(tmp_path)
    assert (found.file, found.line, found.kind) == (file, 2, CandidateKind.VARIABLES)
    assert found.missing == ("database", "user")
    assert [(part.keyword, part.name, part.line) for part in found.origins] == [
        ("host", "PGHOST", 2),
        ("password", "PGPASSWORD", 4),
    ]
    assert found.display == "postgresql://:********@db/"


def test_what_libpq_does_not_know_is_named(tmp_path):
    write(tmp_path, ".env", "DATABASE_URL=postgres://ann@db/shop?schema=public&pgbouncer=true")
    (found,) = scan(tmp_path)
    assert (found.left_out, found.kind, found.missing) == (("schema", "pgbouncer"), CandidateKind.URL, ())


def test_duplicates_come_once_and_all_their_places_are_known(tmp_path):
    write(tmp_path, ".env", "PGHOST=db.example\nPGPORT=5433\nPGDATABASE=shop\nPGUSER=ann\nPGPASSWORD=hunter2")
    write(tmp_path, "a.py", f"'{URL}'\n'{URL}'")
    write(tmp_path, "b/c.yml", f"x: {URL}")
    scanned = scan(tmp_path)
    (found,) = list(scanned)
    assert found.file == tmp_path / ".env"
    assert [str(place) for place in scanned.places(found)] == [
        f"{tmp_path}/.env:1",
        f"{tmp_path}/a.py:1",
        f"{tmp_path}/b/c.yml:1",
    ]


def test_the_default_port_makes_no_difference(tmp_path):
    write(tmp_path, "a.py", "'postgres://ann@db/shop'")
    write(tmp_path, "b.py", "'postgres://ann@db:5432/shop'")
    assert len(urls(tmp_path)) == 1


# --- which files -----------------------------------------------------------------------------------------------------

ENDINGS = "env js ts jsx tsx json yaml yml toml py rb go swift java kt scala php rs cs ini conf cfg properties envrc"
LISTED = [
    *(".env", ".env.production", ".envrc", "Dockerfile", "docker-compose.yml", "docker-compose.yaml"),
    *(f"a.{ending}" for ending in ENDINGS.split()),
]


@pytest.mark.parametrize("name", LISTED)
def test_files_that_are_read(tmp_path, name):
    assert urls_of(tmp_path, name, f'X="{URL}"\n') == [URL]


@pytest.mark.parametrize("name", ["README.md", "a.txt", "a.sql", "a.html", "env", "Makefile", "a.py.bak", "a.pyc"])
def test_files_that_are_not_read(tmp_path, name):
    write(tmp_path, name)
    scanned = scan(tmp_path)
    assert list(scanned) == []
    assert scanned.counts.read == 0


@pytest.mark.parametrize("folder", sorted(LEFT_OUT_FOLDERS))
def test_folders_that_are_not_entered(tmp_path, folder):
    write(tmp_path, f"{folder}/.env")
    write(tmp_path, f"deep/er/{folder}/a/.env")
    assert urls(tmp_path) == []


def test_sizes_bytes_and_rights(tmp_path):
    write(tmp_path, "just.py", f'"{URL}"'.ljust(1_000_000))
    write(tmp_path, "over.py", f'"{URL}2"'.ljust(1_000_001))
    write(tmp_path, "binary.py", b"\0" + URL.encode())
    write(tmp_path, "late.py", (URL + "3\n").encode().ljust(9000) + b"\0")
    write(tmp_path, "latin.py", b"# \xe9\xff\n'" + URL.encode() + b"4'")
    write(tmp_path, "password.py", b"'postgres://ann:\xe9@db/shop'")
    write(tmp_path, "empty.py", "")
    scanned = scan(tmp_path)
    found = {as_url(each.target).reveal() for each in scanned}
    assert found == {URL, URL + "3", URL + "4"}
    assert (scanned.counts.too_large, scanned.counts.binary, scanned.counts.read) == (1, 1, 5)
    assert {as_url(each.target).reveal() for each in scan(tmp_path, max_bytes=2_000_000)} == found | {URL + "2"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_counted(tmp_path):
    write(tmp_path, "closed/.env")
    file = write(tmp_path, "secret.env")
    write(tmp_path, "open.env")
    file.chmod(0)
    (tmp_path / "closed").chmod(0)
    try:
        scanned = scan(tmp_path)
        assert len(list(scanned)) == 1
        assert scanned.counts.unreadable == 2
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_links_loops_pipes_and_sockets_are_passed_over(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(root, "a/.env")
    write(outside, "b/.env", URL + "2")
    (root / "a" / "loop").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "link.env").symlink_to(outside / "b" / ".env")
    (root / "dangling.env").symlink_to(root / "nowhere")
    (root / "itself.env").symlink_to(root / "itself.env")
    (root / "folder.env").mkdir()
    os.mkfifo(root / "pipe.env")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(root)  # a socket's path has about 100 bytes
        try:
            listening.bind("socket.env")
        finally:
            os.chdir(here)
        assert urls(root) == [URL]


def test_hostile_names_of_files(tmp_path):
    names = [b"\xff\xfe.env", b"a\nb.env", b"\x1b[2J.env", "\u202e.env".encode(), b"%s{0}$HOME.env", b"-rf .env"]
    for number, name in enumerate(names):
        (tmp_path / os.fsdecode(name)).write_text(f"{URL}{number}")
    found = list(scan(tmp_path))
    assert {os.fsencode(each.file.name) for each in found} == set(names)
    assert all(each.file.exists() for each in found)


def test_a_deep_tree_does_not_end_the_scan(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    depth = 0
    try:
        for _ in range(1500):  # deeper than a path may be long, and than Python recurses
            depth += 1
            os.mkdir("d" * 10, dir_fd=fd)
            below = os.open("d" * 10, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = below
        write(tmp_path, "z.env")
        scanned = scan(tmp_path)
        assert len(list(scanned)) == 1
        assert scanned.counts.unreadable == 1
    finally:
        for _ in range(depth):
            above = os.open("..", os.O_RDONLY, dir_fd=fd)
            os.rmdir("d" * 10, dir_fd=above)
            os.close(fd)
            fd = above
        os.close(fd)


def test_a_file_that_goes_while_it_is_scanned(tmp_path):
    for number in range(3):
        write(tmp_path, f"{number}.env", f"{URL}{number}")
    scanned = scan(tmp_path)
    next(scanned)
    (tmp_path / "1.env").unlink()
    assert len(list(scanned)) == 1
    assert scanned.counts.unreadable == 1


def test_it_streams(tmp_path):
    for number in range(5):
        write(tmp_path, f"{number}/a.env", f"{URL}{number}")
    scanned = scan(tmp_path)
    next(scanned)
    assert scanned.counts.read == 1


def test_files_come_before_folders_and_by_name(tmp_path):
    for name in ("b/x.env", "a/x.env", "z.env", "c.env"):
        write(tmp_path, name, URL + name.replace("/", "").replace(".", ""))
    found = [each.file.relative_to(tmp_path).as_posix() for each in scan(tmp_path)]
    assert found == ["c.env", "z.env", "a/x.env", "b/x.env"]


@pytest.mark.parametrize("root", ["nowhere", "file.env", "nul\0"])
def test_a_root_that_is_no_folder_is_an_error_at_once(tmp_path, root):
    write(tmp_path, "file.env")
    with pytest.raises(ConfigError, match="can't be scanned"):
        scan(tmp_path / root)


def test_names_of_files_by_syntax():
    assert syntax_of("x.PY") is Syntax.HASH_CODE
    assert syntax_of(".py") is Syntax.HASH_CODE
    assert syntax_of("dockerfile") is None


# --- what it must not do ---------------------------------------------------------------------------------------------


def test_nothing_is_executed_and_the_scan_asks_no_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PGHOST", "elsewhere")
    witness = tmp_path / "witness"
    write(tmp_path, ".envrc", f"export PGHOST=$(touch {witness})\nexport PGUSER=`touch {witness}`\nexport DB_HOST=db")
    write(tmp_path, "a.py", f"import os; os.system('touch {witness}')\nPGUSER = 'ann'")
    write(
        tmp_path,
        ".skills/postgres/postgres.toml",
        f"[database.local]\npassword_command = ['touch', '{witness}']\nurl = '{URL}'",
    )
    assert URL in urls(tmp_path)
    assert not witness.exists()


def test_no_password_shows(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    write(tmp_path, ".env", f"DATABASE_URL={URL}\nDB_HOST=h\nDB_PASSWORD=hunter2\nPGPASSWORD='hunter2\n")
    write(tmp_path, "a.py", "'postgres://ann:hunter2@hunter2@/db:x@/shop'")
    write(tmp_path, "b.py", "'postgres://ann:hun/ter2@db/shop' 'postgres://hunter2/ann:@x'")
    scanned = scan(tmp_path)
    for found in scanned:
        said = f"{found} {found!r} {found.display} {found.origins} {found.target!r} {scanned!r} {scanned.places(found)}"
        assert "ter2" not in said.replace("postgresql://hunter2/", "")
        if found.target.password is not None:
            with pytest.raises(TypeError):
                pickle.dumps(found)
    assert "hunter2" not in caplog.text


def test_mentions_show_no_values():
    (found,) = mentions_in("PGPASSWORD=hunter2", Syntax.DOTENV)
    assert "hunter2" not in repr(found)


def test_ctrl_c_shows_no_password_in_the_frames_above(tmp_path, monkeypatch):
    write(tmp_path, ".env", f"DATABASE_URL={URL}")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pgops.config.scanning.scanner.candidates_of", interrupted)
    with pytest.raises(KeyboardInterrupt) as ended:
        next(scan(tmp_path))
    assert "hunter2" not in "".join(traceback.format_exception(ended.value))


# --- any text at all -------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("PGHOST", "DB_NAME", "DATABASE_URL", "postgres://", "ann:pw@", "db", "/shop", "export ", "- ", "  "),
        *("=", ":", " ", "\n", '"', "'", "`", "\\", "#", "//", "/*", "*/", "$", "{", "}", "[", "]", "(", ")", "<", ">"),
        *("\0", "é", "\udce9", "%"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(Syntax))
@example("'postgres://ann:p", Syntax.YAML)
def test_any_text_gives_candidates_and_no_error(text, syntax):
    from pgops.config.scanning.combining import candidates_of

    assert len(without_comments(text, syntax)) == len(text)
    for found in candidates_of(Path("x"), mentions_in(text, syntax)):
        assert isinstance(found, Candidate)
        assert 1 <= found.line <= text.count("\n") + 1
        assert found.target.password is None or "********" in found.display


PASSWORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z"), exclude_characters="'\"\\$`{}<>%#"), min_size=1
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PASSWORDS)
def test_any_password_in_quotes_is_read_as_it_is(password):
    for syntax in (Syntax.DOTENV, Syntax.YAML, Syntax.HASH_CODE, Syntax.INI):
        sign = ": " if syntax is Syntax.YAML else " = "
        said = mentions_in(f"PGPASSWORD{sign}'{password}'\n", syntax)
        assert [each.value.reveal() for each in said if each.name] == ([password] if password.strip() else [])


HUGE = {
    "one URL after another": "postgres://" * 90_000,
    "quotes": "'\"`" * 330_000,
    "escaped backticks": "`" + "\\`" * 490_000,
    "comment openings": "/*" * 490_000,
    "names": "PGHOST" * 160_000,
    "names with signs": "PGHOST=" * 140_000,
    "names and spaces": ("PGHOST" + " " * 300) * 3_200,
    "many URLs": f"'{URL}', " * 20_000,
    "spaces": " " * 990_000 + "postgres://",
    "braces": "{PGHOST:" * 120_000,
    "lines": "PGHOST: x\n" * 99_000,
    "long URL": "postgres://" + "a" * 980_000,
    "backslashes": "'postgres://" + "\\" * 980_000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_a_file_that_is_meant_to_take_for_ever_does_not(text):
    from pgops.config.scanning.combining import candidates_of

    began = time.process_time()
    for syntax in Syntax:
        candidates_of(Path("x"), mentions_in(text[:100_000], syntax))
    assert time.process_time() - began < 60  # a hundred times what it takes; what is quadratic takes minutes
