"""`pgops psql`: psql itself, with a file and with its own options."""

from __future__ import annotations


def test_a_file(pgops_here, any_database):
    (pgops_here.cwd / "load.sql").write_text(
        "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n2\n\\.\nSELECT sum(a) FROM t \\gset\n\\echo :sum\n"
        "SHOW statement_timeout;\n"
    )
    ended = pgops_here("psql", "-f", "load.sql", DB_STATEMENT_TIMEOUT_MS="4321", DB_APPLICATION_NAME="mine")
    assert ended.code == 0, ended.err
    assert "\n3\n" in ended.out
    assert "4321ms" in ended.out
    assert f"/{any_database.name}" in ended.err
    assert pgops_here("psql", "-f", "empty.sql").code == 3


def test_a_file_that_fails(pgops_here):
    (pgops_here.cwd / "bad.sql").write_text("SELECT 1 AS first;\nSELECT nothing;\nSELECT 3 AS third;\n")
    ended = pgops_here("psql", "-f", "bad.sql")
    assert ended.code == 3
    assert "first" in ended.out
    assert "third" not in ended.out
    assert 'psql:bad.sql:2: ERROR:  column "nothing" does not exist' in ended.err
    (pgops_here.cwd / "good.sql").write_text("SELECT 1")
    assert pgops_here("psql", "-f", "good.sql", "--json").json == {
        "schema": "pgops.psql/1",
        "file": "good.sql",
        "exit_code": 0,
    }


def test_its_own_options_and_its_own_exit_code(pgops_here):
    ended = pgops_here("psql", "--", "-XAtc", "SELECT 40 + 2")
    assert (ended.code, ended.out) == (0, "42\n")
    assert pgops_here("psql", "--", "-Xc", "SELECT 1/0").code == 1
    assert pgops_here("psql", "--json").code == 2
