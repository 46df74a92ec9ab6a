"""The page on writing a check shows the example plugin as it is, and what it says can be run prints what it says."""

from __future__ import annotations

import re
import subprocess
import sys

import attrs
import pytest

from tests.examples.plugins import ROOT, environment

PAGE = ROOT / "docs" / "writing-checks.md"
CHECK_FILE = "examples/plugin/src/pgops_example_plugin/table_without_comment.py"


@attrs.frozen
class Block:
    """A fenced block of the page, and the comment above it: `file: path`, `run`, or nothing."""

    about: str
    text: str


def blocks() -> list[Block]:
    fences = r"(?:^<!-- (?P<about>[^\n]+?) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)\n^```$"
    found = re.finditer(fences, PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(match["about"] or "", match["text"]) for match in found]


BLOCKS = blocks()
FROM_FILES = [block for block in BLOCKS if block.about.startswith("file: ")]


@pytest.mark.parametrize("block", FROM_FILES, ids=lambda block: block.about.rpartition("/")[2])
def test_a_block_is_a_part_of_its_file(block: Block) -> None:
    file = ROOT / block.about.removeprefix("file: ")
    assert f"\n{block.text}\n" in f"\n{file.read_text(encoding='utf-8')}"


def test_the_whole_check_is_shown_in_order() -> None:
    shown = [block.text for block in FROM_FILES if block.about == f"file: {CHECK_FILE}"]
    written = (ROOT / CHECK_FILE).read_text(encoding="utf-8")
    assert lines("\n".join(shown)) == lines(written)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def test_what_can_be_run_prints_what_the_page_says() -> None:
    places = [number for number, block in enumerate(BLOCKS) if block.about == "run"]
    assert places
    for number in places:
        done = subprocess.run(
            [sys.executable, "-c", BLOCKS[number].text],
            env=environment(ROOT / "examples" / "plugin" / "src"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout.strip() == BLOCKS[number + 1].text, done.stderr


def test_it_takes_six_steps() -> None:
    steps = re.findall(r"^## (\d)\. ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert steps == ["1", "2", "3", "4", "5", "6"]
    assert {block.about for block in BLOCKS if block.about} >= {f"file: {CHECK_FILE}", "run"}


def test_every_header_of_a_case_is_explained() -> None:
    explained = set(re.findall(r"^\| `-- (\w+):", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    source = (ROOT / "pgops" / "testing.py").read_text(encoding="utf-8")
    known = re.search(r"\^-- \(([\w|]+)\):", source)
    assert known is not None
    assert explained == set(known[1].split("|"))
