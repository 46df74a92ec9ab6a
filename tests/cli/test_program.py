"""The program itself: starting, version, help, completion, what is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

import pgops


def python(program, code: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        cwd=program.cwd,
        env=program.environment(**env),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_extra_it_says_what_to_install(pgops_nowhere, missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from pgops.cli import main; sys.exit(main())"
    ran = python(pgops_nowhere, code, "check")
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == [
        f"pgops: The command line needs {missing}, which is not installed.",
        "  Install it with: pip install 'pgops[cli]'",
    ]


def test_without_libpq_it_says_what_to_install(pgops_nowhere):
    wrappers = ("psycopg_c", "psycopg_binary", "psycopg.pq.pq_ctypes")
    code = f"import sys; sys.modules |= dict.fromkeys({wrappers}); from pgops.cli import main; sys.exit(main())"
    ran = python(pgops_nowhere, code, "check", DB_URL="postgresql://localhost/x")
    assert ran.returncode == 2
    assert "pip install 'pgops[binary]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_version(pgops_nowhere):
    ended = pgops_nowhere("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"pgops {pgops.__version__}\n", "")


QUICK = [["--version"], ["--help"], ["check", "--help"]]


@pytest.mark.parametrize("args", QUICK, ids=" ".join)
def test_what_needs_no_library_does_not_wait_for_it(pgops_nowhere, args):
    code = """
import sys
from pgops.cli import main
code = main()
heavy = {"psycopg", "attrs", "cattrs", "tomlkit", "rich.progress", "pgops.checks.builtin"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
    ran = python(pgops_nowhere, code, *args)
    assert (ran.returncode, ran.stderr) == (0, "[]\n")


def test_without_a_command_it_shows_its_help(pgops_nowhere):
    ended = pgops_nowhere()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == pgops_nowhere("--help").out


def test_the_entry_point_is_the_module(pgops_nowhere):
    import tomllib

    from tests.cli.conftest import ROOT

    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["pgops"].partition(":")
    ran = python(pgops_nowhere, f"import sys; from {module} import {name}; sys.exit({name}())", "--version")
    assert (ran.returncode, ran.stdout) == (0, f"pgops {pgops.__version__}\n")


COMPLETED = {
    "a command": ("pgops ch", {"check"}),
    "an alias": ("pgops check missing_", {"missing_fk_indexes"}),
    "a topic and ids": ("pgops list vacuum", {"vacuum", "vacuum.dead_tuples"}),
    "an exclusion": ("pgops check !missing_", {"!missing_fk_indexes"}),
    "a profile": ("pgops check --profile sta", {"staging"}),
    "a subcommand": ("pgops config ss", {"sslmode"}),
    "an option": ("pgops check --fail", {"--fail-on"}),
    "a choice": ("pgops check --fail-on crit", {"critical"}),
    "a subcommand of one that has a usual one": ("pgops sessions ca", {"cancel"}),
    "an option of the usual one": ("pgops sessions --old", {"--older-than"}),
    "a profile as an argument": ("pgops config sslmode sta", {"staging"}),
    "a check to explain": ("pgops checks explain missing_fk", {"missing_fk_indexes"}),
    "a limit": ("pgops check --limit long_running_queries.w", {"long_running_queries.warn_s="}),
}


@pytest.mark.parametrize(("typed", "wanted"), COMPLETED.values(), ids=COMPLETED.keys())
def test_completion(pgops_nowhere, typed, wanted):
    pgops_nowhere.write_config('[configuration]\nschema_version = 1\n[database.staging]\nhost = "x"\n')
    words = typed.split(" ")
    ended = pgops_nowhere(_PGOPS_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=str(len(words) - 1))
    offered = {line.partition(",")[2] for line in ended.out.splitlines()}
    assert wanted <= offered
    assert all(each.startswith(words[-1]) for each in offered)
    assert ended.err == ""


SHELLS = {"bash": "complete -o nosort -F", "zsh": "compdef", "fish": "complete --no-files --command pgops"}


@pytest.mark.parametrize(("shell", "line"), SHELLS.items(), ids=SHELLS.keys())
def test_the_script_for_a_shell_is_one_that_it_takes(pgops_inside, tmp_path, shell, line):
    ended = pgops_inside(tmp_path, "completion", shell)
    assert ended.code == 0
    assert f"_PGOPS_COMPLETE={shell}_complete" in ended.out
    assert line in ended.out
    found = shutil.which(shell)
    if found is not None:
        checked = subprocess.run([found, "-n"], input=ended.out, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_bash_itself_completes(pgops_nowhere):
    """The whole way: the script is sourced, and its function is called as bash would."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    (pgops_nowhere.cwd / "pgops").write_text(f'#!/bin/sh\nexec {sys.executable} -m pgops "$@"\n')
    (pgops_nowhere.cwd / "pgops").chmod(0o755)
    script = (
        'eval "$(pgops completion bash)"; COMP_WORDS=(pgops doc); COMP_CWORD=1; '
        '_pgops_completion pgops doc pgops; echo "${COMPREPLY[*]}"'
    )
    environment = pgops_nowhere.environment()
    environment["PATH"] = f"{pgops_nowhere.cwd}:{environment['PATH']}"
    ran = subprocess.run(
        [bash, "-c", script], cwd=pgops_nowhere.cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stdout.strip() == "doctor", ran.stderr


def test_completion_survives_a_broken_config(pgops_nowhere):
    pgops_nowhere.write_config("[")
    ended = pgops_nowhere(_PGOPS_COMPLETE="bash_complete", COMP_WORDS="pgops check -p x", COMP_CWORD="3")
    assert (ended.out.strip(), ended.err) == ("", "")
