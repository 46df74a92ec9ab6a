"""The page in a real browser: nothing that a server said is carried out, and nothing is fetched."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from pgops.render.document import Card, Code, CodeBlock, Document, Section, Table, Tone
from pgops.render.html import to_html
from tests.servers import IN_CI

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TAG = re.compile(r"<[a-z][^>]*>")
OWNED = "document.title='owned';document.body.innerHTML='owned'"
HOSTILE = (
    f"<script>{OWNED}</script>",
    f'<img src=x onerror="{OWNED}">',
    f'</code></pre><svg onload="{OWNED}">',
    f'" onmouseover="{OWNED}" autofocus onfocus="{OWNED}',
    f"javascript:{OWNED}",
)


def document(text: str) -> Document:
    card = Card(
        heading=Code(text), tone=Tone.WARNING, badge=text, blocks=[text, CodeBlock(text, "sql")], facts={"a": text}
    )
    return Document("pgops report", subtitle=text, blocks=[Section(text, [card, Table([text], [[text]])], anchor="a")])


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        (pytest.fail if IN_CI else pytest.skip)("Chromium is not installed")
    return CHROMIUM


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_page_is_carried_out(text, browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(to_html(document(text)), encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    seen = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "<title>pgops report</title>" in seen
    assert "owned</body>" not in seen
    assert [tag for tag in ("<script", "<img", "<svg") if tag in seen] == []  # they are there as text: &lt;img
    assert "onmouseover" not in {part.partition("=")[0] for tag in TAG.findall(seen) for part in tag.split()}
