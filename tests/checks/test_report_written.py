"""A report as text, Markdown and HTML: harmless whatever it holds, whole or not at all, and within bounds."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest

import pgops
from pgops import Finding, Outcome, Report, Severity, Suppression, Target, Unseen
from pgops.checks import report_document
from pgops.checks.registry import BrokenPlugin
from pgops.checks.suppress import Suppressed
from pgops.render.document import Paragraph
from tests.checks.reporting import MIXED, SERVER, found, report, result
from tests.render.sample import HOSTILE

# --- written for people -----------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Query:
    query: str
    names: tuple[str, ...]


def hostile(text: str) -> Report:
    """A report that has a text in every place where a server, a plugin or a file could put it."""
    target = Target(text, text, text, text, (text,))
    finding = Finding(Severity.CRITICAL, target, text, text or None, 0.5, {text: text})
    return report(
        result("made.a", finding, title=text, unseen=(Unseen(target, text, text),)),
        result("made.b", outcome=Outcome.SKIPPED, reason=text, cure=text),
        result("made.c", outcome=Outcome.FAILED, reason=text),
        result(
            "made.d", outcome=Outcome.LISTED, title=text, rows=(Query(query=text, names=(text, text)),), truncated=True
        ),
        result("made.e", suppressed=(Suppressed(finding, Suppression(check="*", reason=text.strip() or "-")),)),
        server=attrs.evolve(SERVER, database=text, user=text, release=text),
        interrupted=text,
        broken_plugins=(BrokenPlugin(text, text),),
    )


FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Elements(HTMLParser):
    """Which elements and attributes a page really has."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attributes):
        self.seen |= {tag, *(f"@{name}" for name, _ in attributes)}


def elements(page: str) -> set[str]:
    parser = Elements()
    parser.feed(page)
    return parser.seen


HARMLESS = hostile("harmless")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_harmless_wherever_it_is_written(text):
    each = hostile(text)
    for color in (False, True):
        on_terminal = re.sub(r"\x1b\[[0-9;]*m", "", each.to_text(color=color)) if color else each.to_text()
        assert not FORBIDDEN.search(on_terminal.replace("\n", ""))
    for page in (each.to_html(), each._repr_html_()):
        assert not FORBIDDEN.search(page.replace("\n", ""))
        assert "<script>alert" not in page
        assert "<b>Name" not in page
        assert not re.search(r"<[^>]*\sonmouseover=", page)
    assert elements(each.to_html()) <= elements(HARMLESS.to_html())
    markdown = each.to_markdown()
    assert not FORBIDDEN.search(markdown.replace("\n", ""))
    outside_code = re.sub(r"(?ms)^(`{3,}).*?^\1", "", markdown)
    assert not re.search(r"(?m)^[^`\n]*(?<!\\)<script>", outside_code)
    markdown.encode()


def test_html_is_written_piece_by_piece_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "report.html"
    assert MIXED.write_html(file) == file
    assert file.read_text(encoding="utf-8") == MIXED.to_html()
    written = []

    def failing(result):
        written.append([each.name for each in tmp_path.iterdir() if each.name != "report.html"])
        raise RuntimeError("in the middle")

    monkeypatch.setattr(report_document, "_card", failing)
    with pytest.raises(RuntimeError, match="in the middle"):
        MIXED.write_html(file)
    assert written
    assert written[0], "cards were made before the file was begun, so nothing is streamed"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    assert file.read_text(encoding="utf-8").endswith("</html>\n")


def test_a_picture_that_fails_costs_only_itself(monkeypatch):
    def broken(rows):
        yield Paragraph("half of it")
        raise ZeroDivisionError("oops")

    check = attrs.evolve(
        pgops.get_check("table_sizes"), id="made.d", aliases=(), row=Query, picture=broken, judge=None, target=None
    )
    monkeypatch.setattr(report_document, "list_checks", lambda: [check])
    text = HARMLESS.to_text()
    assert "The picture could not be drawn: ZeroDivisionError: oops" in text
    assert "half of it" not in text


# --- many findings ----------------------------------------------------------------------------------------------------

MANY = 100_000


def test_many_findings_are_written_within_bounds(tmp_path, trials):
    """A writer holds a piece at a time: what it needs does not grow by more than some hundred bytes a finding."""
    number = trials(MANY)
    many = report(
        result("made.a", *(found(f"table_{n}", Severity.CRITICAL, fix=f"DROP TABLE t{n};") for n in range(number)))
    )
    tracemalloc.start()
    try:
        many.write_html(tmp_path / "report.html")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000 + 1000 * number, f"{peak:,} bytes for {number} findings"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("DROP TABLE") == number


WRITE_MANY = """
import resource, sys
from tests.checks.reporting import found, report, result
form, number = sys.argv[1], int(sys.argv[2])
many = report(result("made.a", *(found(f"table_{n}", fix=f"DROP TABLE t{n};") for n in range(number))))
text = getattr(many, form)()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(text.count("DROP TABLE"), peak * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.soak
@pytest.mark.parametrize("form", ["to_html", "to_markdown", "to_text", "to_json", "_repr_html_"])
def test_a_hundred_thousand_findings_in_every_form(form):
    command = [sys.executable, "-c", WRITE_MANY, form, str(MANY)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent.parent)
    written, peak = map(int, done.stdout.split())
    assert written >= MANY
    assert peak < 500_000_000, f"{peak:,} bytes"
