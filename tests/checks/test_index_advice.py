"""indexes.*: remedies that somebody runs together make no new fault, and take nothing away that is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.checks.indexes.duplicate_index import CHECK as DUPLICATE
from pgops.checks.indexes.missing_fk_index import CHECK as MISSING_FK
from pgops.checks.indexes.redundant_index import CHECK as REDUNDANT
from pgops.checks.report import Outcome
from pgops.testing import run_script
from tests.checks.sessions import ask

if TYPE_CHECKING:
    from pgops.scratch import ScratchDatabase


def test_two_keys_on_the_same_columns_get_one_index(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        run_script(
            conn,
            """
            CREATE TABLE shop (id int PRIMARY KEY);
            CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));
            CREATE TABLE sale (a int REFERENCES shop, b int, FOREIGN KEY (a) REFERENCES shop,
                               FOREIGN KEY (a, b) REFERENCES pair, FOREIGN KEY (b, a) REFERENCES pair);
            """,
        )
        result = ask(conn, MISSING_FK)
        assert (len(result.findings), len([finding for finding in result.findings if finding.fix])) == (4, 2)
        for finding in result.findings:
            run_script(conn, finding.fix or "")
        assert [ask(conn, check).outcome for check in (MISSING_FK, DUPLICATE)] == [Outcome.CLEAN, Outcome.CLEAN]


def test_where_only_the_narrow_index_is_read_the_wide_one_may_be_what_can_go(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn:
        run_script(
            conn,
            """
            CREATE TABLE t (a int, b text, c int);
            INSERT INTO t SELECT g, repeat('x', 200), g FROM generate_series(1, 2000) AS g;
            CREATE INDEX narrow ON t (a);
            CREATE INDEX wide ON t (a, b);
            CREATE UNIQUE INDEX needed ON t (c, a);
            CREATE INDEX beside ON t (c);
            ANALYZE t;
            SET enable_seqscan = off;
            """,
        )
        assert all(finding.fix for finding in ask(conn, REDUNDANT).findings)
        conn.execute("SELECT count(*) FROM t WHERE a < 500")
        conn.execute("SELECT count(*) FROM t WHERE c < 500")
        conn.execute("SELECT pg_stat_force_next_flush()")
        fixes = {finding.target.name: finding.fix for finding in ask(conn, REDUNDANT).findings}
        # a unique index stays whether it is read or not
        assert fixes == {"narrow": None, "beside": "DROP INDEX CONCURRENTLY public.beside;"}
