"""SQL that is long or deep: read in reasonable time, or said to be unread; no text ends the process."""

from __future__ import annotations

import time

import pytest

from pgops.sql.grammar import read_script
from pgops.sql.parsing import DEEPEST


def test_a_megabyte_in_reasonable_time():
    text = "".join(f"ALTER TABLE orders_{n} ADD COLUMN note_{n} text; -- number {n}\n" for n in range(16_000))
    assert len(text) > 1_000_000
    for broken in ("", "SELEC;"):
        began = time.perf_counter()
        script = read_script(text + broken)
        assert time.perf_counter() - began < 60  # a second or three; a square of the length would be an hour
        assert len(script.statements) == 16_000


CHAINS = {
    "operators": lambda n: "SELECT " + "+".join("1" * n),
    "UNION": lambda n: " UNION ALL ".join(["SELECT 1"] * n),
    "joins": lambda n: "SELECT FROM a " + "CROSS JOIN b " * n,
    "parentheses": lambda n: "SELECT " + "(" * n + "1" + ")" * n,
    "AND in parentheses": lambda n: "DELETE FROM a WHERE " + "(b AND " * n + "c" + ")" * n,
    "casts": lambda n: "SELECT 1" + "::int" * n,
    "NOT": lambda n: "SELECT " + "NOT " * n + "true",
    "CASE": lambda n: "SELECT " + "CASE WHEN a THEN 1 ELSE " * n + "1" + " END" * n,
    "subscripts": lambda n: "SELECT a" + "[1]" * n,
    "calls": lambda n: "SELECT " + "f(1, " * n + "1" + ")" * n,
    "IS": lambda n: "SELECT a" + " IS NULL" * n,
    "collations": lambda n: "SELECT a" + ' COLLATE "C"' * n,
    "time zones": lambda n: "SELECT a" + " AT TIME ZONE 'UTC'" * n,
    "minus": lambda n: "SELECT " + "- " * n + "1",
}


@pytest.mark.parametrize("name", CHAINS)
def test_sixty_deep_is_read(name):
    """Twice as deep as protobuf reads by default."""
    script = read_script(CHAINS[name](60) + "; SELECT 2")
    assert len(script.statements) == 2


@pytest.mark.parametrize("length", [DEEPEST * 3, 60_000], ids="{} deep".format)
@pytest.mark.parametrize("name", CHAINS)
def test_what_is_too_deep_is_unread_and_ends_no_process(name, length):
    script = read_script(CHAINS[name](length) + "; SELECT 2")
    assert script.statements[-1].text == "SELECT 2"
    assert len(script.statements) + len(script.unparsed) == 2


def test_many_rows_are_not_deep():
    rows = ",\n".join(f"(-{n}, '{{}}'::jsonb || '[]'::jsonb, now() - interval '1 day')" for n in range(5_000))
    assert not read_script(f"INSERT INTO a VALUES {rows};").unparsed
