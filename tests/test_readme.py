"""The README is true: its code runs, and prints what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pgops
from pgops.scratch import fresh_database
from pgops.testing import assert_contract

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
OUTPUT = re.search(r"^```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL)

MISTAKES = """
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE products (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, product int REFERENCES products);
CREATE INDEX orders_customer ON orders (customer);
CREATE INDEX orders_customer_copy ON orders (customer);
COMMENT ON TABLE customers IS 'those who buy';  -- the example plugin, where it is installed, misses these
COMMENT ON TABLE products IS 'what they buy';
COMMENT ON TABLE orders IS 'who bought what';
"""


def test_the_first_code_prints_what_the_readme_says(any_database, tmp_path):
    with any_database.connect() as conn:
        conn.execute(MISTAKES)
    ran = subprocess.run(
        [sys.executable, "-c", PYTHON[0]],
        cwd=tmp_path,
        env={"DB_URL": any_database.conninfo(), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    own = [line for line in ran.stdout.splitlines() if "public." in line or line.startswith("(")]
    assert OUTPUT is not None
    assert own == OUTPUT.group(1).splitlines()
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_the_lint_in_the_readme_says_what_it_says(capsys):
    exec(compile(PYTHON[1], "README.md", "exec"), {"__name__": "lint"})
    said = capsys.readouterr().out.splitlines()
    assert said
    assert all(line in README for line in said)


def test_the_code_in_the_toolbox_runs(any_server, tmp_path, monkeypatch):
    text = (ROOT / "docs" / "toolbox.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    monkeypatch.chdir(tmp_path)
    with fresh_database(any_server) as one, fresh_database(any_server) as other, one.connect() as conn:
        conn.execute(MISTAKES)
        exec(compile(code, "toolbox.md", "exec"), {"pgops": pgops, "conn": conn, "elsewhere": other.conninfo()})
        with other.connect() as copy:
            assert copy.execute("SELECT to_regclass('orders'), to_regclass('notes')").fetchone() == ("orders", "notes")


def test_the_check_in_the_readme_keeps_the_contract(database):
    module = {"__name__": "check"}
    exec(compile(PYTHON[2], "README.md", "exec"), module)
    check = module["CHECK"]
    assert_contract(check, database.connect)
    with database.connect() as conn:
        conn.execute("CREATE TABLE bare (a int); CREATE TABLE keyed (a int PRIMARY KEY)")
        report = pgops.run_checks(conn, [check])
    assert [finding.target.sql for finding in report.findings] == ["public.bare"]


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z]+)", README)) - {"s"}))
def test_the_make_targets_exist(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
