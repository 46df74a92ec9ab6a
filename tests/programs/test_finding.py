"""Which program is used: the lowest that is as new as the server, among those that can do what is needed."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from pgops.conninfo import Conninfo
from pgops.errors import ClientProgramError, NoClientProgramError
from pgops.programs import PG_DUMP, PSQL, ClientProgram, find_programs, started
from pgops.programs.client_program import lacks, version_of
from pgops.programs.finding import fitting

HERE = [15, 16, 18]
CHOSEN = {
    "the same": (16, True, 16),
    "the next": (17, True, 18),
    "the oldest that is new enough": (14, True, 15),
    "none is new enough": (19, True, None),
    "psql speaks to all": (19, False, 18),
}


def program(version: str, name: str = PG_DUMP) -> ClientProgram:
    return ClientProgram(name=name, path=Path("/nowhere", version, name), version=version, source="PATH")


@pytest.mark.parametrize(("server", "at_least", "major"), CHOSEN.values(), ids=CHOSEN.keys())
def test_the_version_that_fits(server, at_least, major):
    candidates = [program(f"{each}.1") for each in HERE]
    if major is None:
        with pytest.raises(NoClientProgramError, match=r"18\.1 .*older than the server, 19"):
            fitting(candidates, name=PG_DUMP, server=server, at_least=at_least)
    else:
        assert fitting(candidates, name=PG_DUMP, server=server, at_least=at_least).major == major


def test_none_at_all():
    with pytest.raises(NoClientProgramError, match="There is no psql on this machine"):
        fitting([], name=PSQL, server=16)


def script(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


SAYS = {
    "a release": ("pg_dump (PostgreSQL) 16.4", "16.4"),
    "of Debian": ("pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", "15.14"),
    "a beta": ("pg_dump (PostgreSQL) 19beta1", "19beta1"),
    "of a vendor": ("pg_dump (EnterpriseDB Advanced Server) 17.2", "17.2"),
    "something else": ("hello 5", None),
}


@pytest.mark.parametrize(("words", "version"), SAYS.values(), ids=SAYS.keys())
def test_a_program_is_asked_for_its_version(tmp_path, words, version):
    assert version_of(script(tmp_path, PG_DUMP, f"echo '{words}'")) == version


def test_where_they_are_looked_for(tmp_path):
    script(tmp_path / "named", PG_DUMP, "echo 'pg_dump (PostgreSQL) 17.1'")
    on_path = script(tmp_path / "on path", PG_DUMP, "echo 'pg_dump (PostgreSQL) 18.1'")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / PG_DUMP).symlink_to(on_path)
    broken = script(tmp_path / "broken", PG_DUMP, "exit 1")
    broken.chmod(0o644)
    path = ":".join(str(tmp_path / each) for each in ("broken", "gone", "on path", "linked"))
    found = find_programs(PG_DUMP, folder=tmp_path / "named", env={"PATH": path})
    assert [(each.version, each.source) for each in found[:2]] == [("17.1", "pg_bin_path"), ("18.1", "PATH")]
    assert sum(each.path.is_relative_to(tmp_path) for each in found) == 2, "one program has one entry"


LIBPQ_SAYS = {
    "it went to look": ('connection to server on socket "/nonexistent/pgops" failed: No such file', None),
    "an unknown keyword": ('invalid connection option "sslnegotiation"', "its libpq knows no sslnegotiation"),
    "no TLS": ('sslmode value "require" invalid when SSL support is not compiled in', "it is built without TLS"),
    "no GSS": (
        'gssencmode value "require" invalid when GSSAPI support is not compiled in',
        "it is built without GSSAPI",
    ),
    "an unknown value": ('invalid sslnegotiation value: "direct"', "its libpq takes no such sslnegotiation"),
}


@pytest.mark.parametrize(("words", "lacking"), LIBPQ_SAYS.values(), ids=LIBPQ_SAYS.keys())
def test_what_its_libpq_can_do(tmp_path, words, lacking):
    path = script(tmp_path, PSQL, f"echo 'psql: error: {words}' >&2; exit 2")
    assert lacks(ClientProgram(name=PSQL, path=path, version="16", source="PATH"), {"user": "a b"}) == lacking


def test_real_programs_understand_a_plain_connection():
    target = Conninfo.parse("host=db user='a b' dbname='c''d' connect_timeout=3".replace("''", "\\'"))
    assert {lacks(each, target.params) for name in (PSQL, PG_DUMP) for each in find_programs(name)} <= {None}


# --- running ----------------------------------------------------------------------------------------------------------


def run_python(code: str, **how):
    return started(
        ClientProgram(name=PSQL, path=Path(sys.executable), version="16", source="PATH"), ["-c", code], None, **how
    )


def test_its_words_are_heard_and_its_end_is_said():
    heard = []
    with run_python("import sys; print('ä\\r\\nb', file=sys.stderr); sys.exit(3)", on_line=heard.append) as running:
        assert running.has_ended(30)
    assert heard == ["ä", "b"]
    assert running.problem == "ended with exit code 3"
    with run_python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)") as running:
        assert running.has_ended(30)
    assert running.problem == "was killed by SIGKILL"


def test_it_does_not_outlive_the_block():
    code = "import time; print('here', flush=True); time.sleep(60)"
    with suppress(KeyError), run_python(code, stdout=subprocess.PIPE) as running:
        assert running.stdout.readline() == b"here\n"
        raise KeyError
    assert running.process.returncode is not None


def test_a_listener_that_fails_stops_nobody():
    """The program could write no more, and would end by that."""

    def fail(line: str) -> None:
        raise KeyError(line)

    code = "import sys, time\nfor n in range(5000): print('x' * 100, file=sys.stderr)\nprint('done', flush=True)"
    with ExitStack() as closing:
        running = closing.enter_context(run_python(code, on_line=fail, stdout=subprocess.PIPE))
        assert running.stdout.read() == b"done\n"
        assert running.has_ended(30)
        with pytest.raises(KeyError):
            closing.close()
    assert running.problem is None


def test_what_can_not_be_run(tmp_path):
    gone = ClientProgram(name=PSQL, path=tmp_path / "gone", version="16", source="PATH")
    with pytest.raises(ClientProgramError, match=r"psql 16 .* can't be run: No such file"), started(gone, [], None):
        time.sleep(0)
