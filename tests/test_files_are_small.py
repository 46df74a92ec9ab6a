"""A file tells one story: no Python file of the project is longer than 400 lines, but those that have to shrink yet."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("pgops", "tests", "examples", "benchmarks", "docs")
LONGEST = 400
TO_SHRINK: dict[str, int] = {
    "tests/config/test_bootstrap.py": 401,
    "tests/config/test_editing.py": 438,
    "tests/config/test_scan.py": 605,
    "tests/config/test_writing.py": 405,
}
"""The files that are too long, and how many lines they have. It only gets shorter: split them along their stories."""


def lines_of(path: Path) -> int:
    return len(path.read_bytes().splitlines())


def too_long(root: Path) -> dict[str, int]:
    """Every file below the folders that is over the limit, and its lines."""
    files = (file for folder in FOLDERS for file in sorted((root / folder).rglob("*.py")))
    counted = {file.relative_to(root).as_posix(): lines_of(file) for file in files}
    return {name: lines for name, lines in counted.items() if lines > LONGEST}


def test_no_other_file_is_longer_than_a_story():
    assert set(too_long(ROOT)) - set(TO_SHRINK) == set()


@pytest.mark.parametrize("name", TO_SHRINK)
def test_the_list_only_shrinks(name):
    """One that was split is taken from the list, and none of the others grows."""
    assert LONGEST < lines_of(ROOT / name) <= TO_SHRINK[name]


@pytest.mark.parametrize(("lines", "found"), [(LONGEST, {}), (LONGEST + 1, {"docs/deep/a.py": LONGEST + 1})])
def test_the_limit_itself(tmp_path, lines, found):
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "docs" / "deep" / "a.py").write_text("x\n" * lines)
    assert too_long(tmp_path) == found
