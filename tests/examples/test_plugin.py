"""Plugins: the example is installed, found and right, and a broken one is named and stops nobody else."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pgops.testing import assert_contract, read_cases
from tests.examples.plugins import CHECK_SOURCE, ROOT, environment, in_a_new_process, install_plugin

if TYPE_CHECKING:
    from pathlib import Path

    from pgops.scratch import ScratchDatabase

PLUGIN = ROOT / "examples" / "plugin"

ABOUT = """
import json, pgops
registry = pgops.default_registry()
print(json.dumps({
    "origins": {entry.check.id: entry.origin for entry in registry},
    "listed": [check.id for check in pgops.list_checks()],
    "broken": {plugin.name: plugin.error for plugin in registry.broken},
}))
"""

RUN = """
import json, sys, psycopg, pgops
with psycopg.connect(sys.argv[1], autocommit=True) as conn:
    report = pgops.run_checks(conn, sys.argv[2:] or None)
print(json.dumps({
    "outcomes": {result.check: str(result.outcome) for result in report},
    "found": [[finding.check, finding.target.sql] for finding in report.findings],
    "broken": {plugin.name: plugin.error for plugin in report.broken_plugins},
    "text": report.to_text(width=200),
}))
"""

ERROR = """
import json, pgops
try:
    pgops.list_checks()
except pgops.PgopsError as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


# --- the example ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders for PYTHONPATH that make the example plugin installed: none where `make` has installed it."""
    try:
        importlib.metadata.distribution("pgops-example-plugin")
    except importlib.metadata.PackageNotFoundError:
        folder = tmp_path_factory.mktemp("installed")
        here = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *here]
        subprocess.run([*pip, "--target", str(folder), str(PLUGIN)], check=True, timeout=300)
        return [folder]
    return []


def test_the_example_is_in_the_catalogue(example: list[Path]) -> None:
    about = in_a_new_process(ABOUT, example)
    assert about["origins"]["house.table_without_comment"] == "example"
    assert "house.table_without_comment" in about["listed"]
    assert "example" not in about["broken"]


def test_the_example_runs_with_all_others(example: list[Path], any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        conn.execute('CREATE TABLE "two words" (id bigint PRIMARY KEY)')
    ran = in_a_new_process(RUN, example, any_database.conninfo())
    assert ["house.table_without_comment", 'public."two words"'] in ran["found"]
    assert len(ran["outcomes"]) > 10
    assert "failed" not in ran["outcomes"].values()


@pytest.mark.parametrize("case", read_cases(PLUGIN / "tests" / "cases"), ids=lambda case: case.name)
def test_the_example_keeps_the_contract(case, database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PLUGIN / "src")
    from pgops_example_plugin.table_without_comment import CHECK

    assert_contract(CHECK, database.connect, cases=[case])


def test_the_tests_that_the_example_brings_pass(example: list[Path], tmp_path: Path) -> None:
    """As its author runs them: its own configuration, its own throwaway servers, nothing of our fixtures."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, "-c", str(PLUGIN / "pyproject.toml"), "--rootdir", str(PLUGIN), str(PLUGIN / "tests")],
        env={name: value for name, value in environment(*example).items() if not name.startswith("PYTEST_")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b[1-9]\d* passed", done.stdout)
    assert "skipped" not in done.stdout


# --- broken ones ------------------------------------------------------------------------------------------------------

HOOK = "import pgops\n@pgops.hookimpl\ndef pgops_checks():\n    "

BROKEN = {
    "raises_on_import": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "exits_on_import": ("import sys; sys.exit('go away')", "SystemExit: go away"),
    "is_no_python": ("def (:", "SyntaxError: "),
    "lacks_a_module": ("import there_is_no_such_module", "ModuleNotFoundError: No module named"),
    "declares_wrongly": (
        CHECK_SOURCE + "check('No Good')",
        "BadCheckError: The check 'No Good' is declared wrongly: an id is",
    ),
    "hook_raises": (HOOK + "raise LookupError('nothing here')", "LookupError: nothing here"),
    "hook_raises_after_one": (
        CHECK_SOURCE + HOOK + "yield check('made.first'); raise OSError('disk')",
        "OSError: disk",
    ),
    "hook_exits": (HOOK + "raise SystemExit(3)", "SystemExit: 3"),
    "hook_gives_none": (HOOK + "return None", "TypeError: "),
    "hook_gives_a_number": (HOOK + "return 42", "TypeError: "),
    "hook_gives_names": (HOOK + "return ['indexes']", "TypeError: pgops_checks() gave str"),
    "hook_gives_a_class": (HOOK + "return [pgops.Check]", "TypeError: pgops_checks() gave type"),
    "hook_wants_more": ("import pgops\n@pgops.hookimpl\ndef pgops_checks(conn):\n    return []", "PluginValidation"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_named_with_its_error_and_stops_nobody_else(
    name: str, tmp_path: Path, any_database: ScratchDatabase
) -> None:
    source, error = BROKEN[name]
    install_plugin(tmp_path / "broken", name, source, entry_point=name.replace("_", "-"))
    install_plugin(tmp_path / "sound", "sound", CHECK_SOURCE + HOOK + "return [check('made.sound')]")
    # Plugins come in the order of the path: one before the broken one, and one behind it.
    install_plugin(tmp_path / "another", "another", CHECK_SOURCE + HOOK + "return [check('made.another')]")
    folders = [tmp_path / "another", tmp_path / "broken", tmp_path / "sound"]
    chosen = ["made.sound", "made.another", "connections.saturation"]

    ran = in_a_new_process(RUN, folders, any_database.conninfo(), *chosen)

    assert error in ran["broken"][name.replace("_", "-")]
    assert ran["outcomes"].keys() == set(chosen)
    assert ["made.sound", "thing"] in ran["found"]
    assert ["made.another", "thing"] in ran["found"]
    assert name.replace("_", "-") in ran["text"]


def test_a_broken_plugin_gives_none_of_its_checks(tmp_path: Path) -> None:
    install_plugin(tmp_path / "half", "half", BROKEN["hook_raises_after_one"][0])
    assert "made.first" not in in_a_new_process(ABOUT, [tmp_path / "half"])["listed"]


def test_a_check_of_a_plugin_that_fails_on_the_server_is_a_failed_result(
    tmp_path: Path, any_database: ScratchDatabase
) -> None:
    checks = "return [check('made.fails', 'SELECT 1/0 AS name'), check('made.works')]"
    install_plugin(tmp_path / "plugin", "plugin", CHECK_SOURCE + HOOK + checks)
    ran = in_a_new_process(RUN, [tmp_path / "plugin"], any_database.conninfo(), "made")
    assert ran["outcomes"] == {"made.fails": "failed", "made.works": "found"}


# --- one name twice ---------------------------------------------------------------------------------------------------

CLASHES: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "an id of pgops": (
        {"rival": "check('indexes.invalid_index')"},
        "The check 'indexes.invalid_index' is declared twice",
        ["by pgops", "by rival"],
    ),
    "an id of another plugin": (
        {"first": "check('made.twin')", "second": "check('made.twin')"},
        "The check 'made.twin' is declared twice",
        ["first", "second"],
    ),
    "an alias that is a topic": (
        {"rival": "check('made.it', aliases=['indexes'])"},
        "'indexes' is an alias of made.it",
        ["rival", "pgops"],
    ),
}


@pytest.mark.parametrize("clash", CLASHES)
def test_a_name_that_means_two_things_is_an_error_that_names_both(clash: str, tmp_path: Path) -> None:
    plugins, message, names = CLASHES[clash]
    for name, check in plugins.items():
        install_plugin(tmp_path / name, name, CHECK_SOURCE + HOOK + f"return [{check}]")
    kind, said = in_a_new_process(ERROR, [tmp_path / name for name in plugins])
    assert kind == "DuplicateCheckError"
    assert message in said
    for name in names:
        assert name in said


def test_two_plugins_may_share_a_topic_and_an_alias(tmp_path: Path) -> None:
    for name in ("first", "second"):
        check = f"check('made.{name}', aliases=['both_of_them'])"
        install_plugin(tmp_path / name, name, CHECK_SOURCE + HOOK + f"return [{check}]")
    about = in_a_new_process(ABOUT, [tmp_path / "first", tmp_path / "second"])
    assert {"made.first", "made.second"} <= set(about["listed"])


def test_a_plugin_can_not_pass_for_pgops_itself(tmp_path: Path) -> None:
    install_plugin(tmp_path / "p", "impostor", CHECK_SOURCE + HOOK + "return [check('made.x')]", entry_point="pgops")
    about: dict[str, Any] = in_a_new_process(ABOUT, [tmp_path / "p"])
    assert "made.x" not in about["listed"]
    assert "pgops" in about["broken"]
    assert about["origins"]["indexes.invalid_index"] == "pgops"
