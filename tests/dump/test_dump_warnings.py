"""What pg_dump warns of is part of the answer: its own warnings and the server's, whole, and each once."""

from __future__ import annotations

import pytest

from pgops.dump import dump_database
from pgops.dump.taking.warnings import Warnings

ROUND = "there are circular foreign-key constraints on this table:"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param(["pg_dump: reading triggers", "pg_dump: error: no"], (), id="nothing but work, and an error"),
        pytest.param(
            [f"pg_dump: warning: {ROUND}", "pg_dump: detail: a", "pg_dump: hint: Take care.", "pg_dump: hint: Or not."],
            (f"{ROUND} a Take care. Or not.",),
            id="from 15 on",
        ),
        pytest.param(
            [f"pg_dump: warning: {ROUND}", "pg_dump:   a", "pg_dump: You might not.", "pg_dump: saving encoding"],
            (f"{ROUND} a You might not.",),
            id="before 15",
        ),
        pytest.param(
            [f"pg_dump: warning: {ROUND}", "pg_dump: detail: a", "b", "pg_dump: reading", "c", "pg_dump: hint: No."],
            (f"{ROUND} a b",),
            id="a name with a line break, and one of what is no warning",
        ),
        pytest.param(
            2 * ['WARNING:  database "a" has a mismatch', "DETAIL:  of 1 and 2", "pg_dump: dumping"],
            ('database "a" has a mismatch of 1 and 2',),
            id="the server's, to each worker",
        ),
    ],
)
def test_warnings_among_what_is_said(lines, told):
    warnings = Warnings()
    for line in lines:
        warnings.hear(line)
    assert warnings.told == told


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_alone_whose_foreign_keys_go_in_a_circle(filled, tmp_path, jobs):
    with filled.connect() as conn:
        conn.execute('CREATE TABLE "a\nb" (id int PRIMARY KEY, parent int REFERENCES "a\nb")')
        rows = dump_database(conn, tmp_path / "rows", content="data", jobs=jobs, verify=True)
        whole = dump_database(conn, tmp_path / "whole", jobs=jobs)
    (warning,) = rows.warnings
    assert warning.startswith(f"{ROUND} a b")
    assert "--disable-triggers" in warning
    assert whole.warnings == ()
