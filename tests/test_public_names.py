"""The face of the house: what `import pgops` offers, costs and documents."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import pgops

PACKAGE = Path(pgops.__file__).parent
# The command line needs the extra [cli], and `python -m pgops` runs when it is imported.
NOT_IMPORTED = {"pgops.cli", "pgops.__main__"}
PUBLIC = sorted(pgops._MODULE_OF)


def modules() -> list[str]:
    names = [
        "pgops",
        *(module.name for module in pkgutil.walk_packages(pgops.__path__, "pgops.", onerror=lambda _: None)),
    ]
    return [name for name in names if not any(name == left or name.startswith(f"{left}.") for left in NOT_IMPORTED)]


def faces() -> list[str]:
    """The packages whose names are imported when they are used."""
    return [name for name in modules() if hasattr(importlib.import_module(name), "_HOME")]


def typed_imports(package: Path) -> list[ast.ImportFrom]:
    """What the TYPE_CHECKING block of a package's __init__.py imports, which has to be all that it does."""
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert len(imports) == len(block.body), "the block holds imports only"
    return imports


def typed_names(package: Path) -> dict[str, str]:
    """What type checkers see in a package: each name and its module."""
    return {alias.name: node.module or "" for node in typed_imports(package) for alias in node.names}


def run(code: str) -> str:
    """What a fresh process prints."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    ).stdout


def test_type_checkers_see_what_is_there():
    assert typed_names(PACKAGE) == pgops._MODULE_OF
    for alias in (alias for node in typed_imports(PACKAGE) for alias in node.names):
        assert alias.asname == alias.name, f"`{alias.name} as {alias.name}` is what marks it as handed on"


@pytest.mark.parametrize("name", faces())
def test_every_package_offers_what_it_says(name):
    package = importlib.import_module(name)
    homes = {each: f"{name}.{home}" for each, home in package._HOME.items()}
    assert set(package.__all__) == set(homes)
    assert typed_names(Path(package.__file__).parent) == homes, "what type checkers see"
    for each, home in homes.items():
        assert getattr(package, each) is getattr(importlib.import_module(home), each)


def test_no_name_has_two_rooms():
    named = [name for names in pgops._ROOMS.values() for name in names]
    assert sorted(named) == sorted(set(named))
    assert not set(named) & set(pgops._SUBPACKAGES), "a name that is a function now and a module then"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_there_and_says_what_it_is(name):
    value = getattr(pgops, name)
    assert value is getattr(importlib.import_module(pgops._MODULE_OF[name]), name)
    if isinstance(value, type) or inspect.isfunction(value):
        assert value.__module__ == pgops._MODULE_OF[name], "its room is where it is declared"
        own = vars(value).get("__doc__") if isinstance(value, type) else value.__doc__
        assert own is not None
        assert len(own.split()) >= 4
        assert not own.startswith(f"{name}("), "attrs' or dataclass' own words are no documentation"


@pytest.mark.parametrize("name", [name for name in PUBLIC if isinstance(getattr(pgops, name), type)])
def test_every_public_method_says_what_it_does(name):
    public = {key: value for key, value in vars(getattr(pgops, name)).items() if not key.startswith("_")}
    members = {
        key: getattr(value, "__func__", getattr(value, "fget", value))
        for key, value in public.items()
        if isinstance(value, (types.FunctionType, classmethod, staticmethod, property))
    }
    silent = [
        key for key, value in members.items() if not value.__doc__ and len(inspect.getsource(value).splitlines()) > 3
    ]
    assert silent == []


@pytest.mark.parametrize("name", pgops._SUBPACKAGES)
def test_every_room_can_be_entered_after_a_bare_import(name):
    assert run(f"import pgops; print(pgops.{name}.__name__)").strip() == f"pgops.{name}"


def test_dir_and_star():
    assert set(PUBLIC) | set(pgops._SUBPACKAGES) | {"__version__"} <= set(dir(pgops))
    assert set(pgops.__all__) <= set(dir(pgops))
    assert dir(pgops) == sorted(dir(pgops))
    everything: dict[str, object] = {}
    exec("from pgops import *", everything)
    assert set(pgops.__all__) <= set(everything)


@pytest.mark.parametrize("name", ["run_check", "schema_", "_nothing", "psycopg"])
def test_what_is_not_there_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=f"'pgops' has no attribute '{name}'"):
        getattr(pgops, name)


def test_the_version_is_the_packages():
    assert f'version = "{pgops.__version__}"' in (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8")


def test_a_bare_import_costs_next_to_nothing():
    """Names are loaded when they are used: neither psycopg nor attrs comes along, nor any room of our own."""
    loaded = run(
        "import sys; before = set(sys.modules); import pgops; print(*sorted(set(sys.modules) - before))"
    ).split()
    assert "pgops" in loaded
    assert [name for name in loaded if name.startswith("pgops.")] == []
    assert not {"psycopg", "attr", "attrs", "cattrs", "tomlkit", "pluggy", "asyncio"} & set(loaded)


def test_a_check_is_had_without_what_only_a_run_needs():
    loaded = run("import sys, pgops; pgops.get_check('missing_fk_indexes'); print(*sys.modules)").split()
    assert not {"cattrs", "tomlkit", "psycopg_pool", "pgops.render.html", "pgops.checks.report_json"} & set(loaded)


IMPORTED_FIRST = """
import importlib, os, sys, attrs, cattrs, psycopg, psycopg_pool, tomlkit
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        importlib.import_module(name)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(name)
"""


def test_every_module_can_be_imported_first():
    """In a fresh process: no module rests on another of ours having been imported before it."""
    command = [sys.executable, "-c", IMPORTED_FIRST, *modules()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.split() == [], done.stderr


@pytest.mark.parametrize("name", modules())
def test_every_example_in_a_docstring_runs(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_and_why(name):
    assert (importlib.import_module(name).__doc__ or "").strip()


WITHOUT_THE_GRAMMAR = """
import importlib, sys
sys.modules["postgast"] = None
from pgops.errors import MissingExtraError
for package in map(importlib.import_module, sys.argv[1:]):
    for name in package.__all__:
        try:
            getattr(package, name)
        except MissingExtraError as error:
            assert "pgops[migrations]" in error.cure
"""


def test_who_lacks_an_extra_is_told_which():
    command = [sys.executable, "-c", WITHOUT_THE_GRAMMAR, *faces()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0, done.stderr
