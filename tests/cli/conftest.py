"""The program as a person runs it: `python -m pgops` in a folder and an environment of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OURS = (
    "PG",
    "DB_",
    "PGOPS",
    "PROJECT_ROOT",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "TERM",
    "PYTHON",
    "LC_",
    "LANG",
)


@attrs.frozen
class Ended:
    """A program that has ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@attrs.frozen
class Program:
    """`pgops` in `cwd`, with `env` on top of an environment that says nothing about databases and terminals."""

    cwd: Path
    plugins: Path
    env: Mapping[str, str]

    def environment(self, **more: str) -> dict[str, str]:
        bare = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        path = os.pathsep.join([str(self.plugins), str(ROOT)])
        plain = {"PYTHONPATH": path, "LC_ALL": "C.UTF-8", "PYTHONSAFEPATH": "1"}
        return {**bare, **plain, **self.env, **more}

    def with_env(self, **more: str) -> Program:
        return attrs.evolve(self, env={**self.env, **more})

    def __call__(self, *args: str, **more: str) -> Ended:
        ran = subprocess.run(
            [sys.executable, "-m", "pgops", *args],
            cwd=self.cwd,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        ended = Ended(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
        assert "Traceback" not in ended.err
        return ended

    @contextmanager
    def started(self, *args: str, **more) -> Iterator[subprocess.Popen[bytes]]:
        """The program while it runs. SIGINT is heeded, even where whoever runs the tests ignores it."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | more
        running = subprocess.Popen(
            [sys.executable, "-m", "pgops", *args],
            cwd=self.cwd,
            env=self.environment(),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  it takes no lock
            **streams,
        )
        try:
            yield running
        finally:
            running.kill()
            running.wait()

    def write_config(self, text: str) -> Path:
        """Make the folder a project with this postgres.toml."""
        file = self.cwd / ".skills" / "postgres" / "postgres.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def install_plugin(self, name: str, source: str) -> None:
        """Install a plugin, as pip would: a module, and its entry point."""
        (self.plugins / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        about = self.plugins / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[pgops]\n{name} = {name}\n")


@pytest.fixture
def pgops_nowhere(tmp_path) -> Program:
    """The program where no database is configured."""
    project, plugins = tmp_path / "project", tmp_path / "plugins"
    project.mkdir()
    plugins.mkdir()
    return Program(project, plugins, {"DB_PROJECT_ROOT": str(project), "HOME": str(tmp_path)})


@pytest.fixture
def pgops_here(pgops_nowhere, any_database) -> Program:
    """The program with DB_URL set to a fresh database."""
    return pgops_nowhere.with_env(DB_URL=any_database.conninfo())


@pytest.fixture
def pgops_inside(monkeypatch, capfd):
    """`pgops` in this process, which is much quicker: in a folder, with an environment that says nothing else.

    For whatever needs no terminal, no signal and no plugin.
    """

    def called(cwd: Path, *args: str, **env: str) -> Ended:
        for name in [name for name in os.environ if name.startswith(OURS)]:
            monkeypatch.delenv(name)
        for name, value in {"DB_PROJECT_ROOT": str(cwd), "HOME": str(cwd), **env}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(cwd)
        from pgops.cli import main

        with Path(os.devnull).open(encoding="utf-8") as nothing:
            monkeypatch.setattr(sys, "stdin", nothing)
            code = main(args)
        captured = capfd.readouterr()
        return Ended(code, captured.out, captured.err)

    return called


PLUGIN = '''
import attrs
import pgops
from pgops import Check, Query, Severity, Target

@attrs.frozen(kw_only=True)
class Row:
    name: str

JUDGE = pgops.each_row(
    severity=Severity.{severity}, target=lambda row: Target("thing", None, row.name), message="{{name}}!"
)

@pgops.hookimpl
def pgops_checks():
    queries = [Query(since=14, sql="""{sql}""")]
    return [Check(id="made.{slug}", doc="Made for a test.", row=Row, judge=JUDGE, queries=queries)]
'''


def plugin_source(slug: str, sql: str, *, severity: str = "WARNING") -> str:
    """A plugin with one check, `made.<slug>`: each row of `sql`, one column `name`, is a finding."""
    return PLUGIN.format(slug=slug, sql=sql, severity=severity)


DUPLICATES = "CREATE TABLE {0} (a int); CREATE INDEX {1} ON {0} (a); CREATE INDEX {2} ON {0} (a)"


def plant_duplicate_index(database, table: str = "t") -> None:
    """A fault that is a warning: two indexes on the same column."""
    from psycopg import sql

    names = [sql.Identifier(name) for name in (table, f"{table} one", f"{table} two")]
    with database.connect() as conn:
        conn.execute(sql.SQL(DUPLICATES).format(*names))
