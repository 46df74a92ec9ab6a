"""Functions of extensions that may be run unasked: by the extension that owns them, never by their name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.safety import judge
from tests.servers import need_extension

if TYPE_CHECKING:
    from pgops.scratch import ScratchDatabase, ScratchServer


def test_extensions_have_a_short_list_of_their_own(any_database: ScratchDatabase, any_server: ScratchServer) -> None:
    safe = {
        "pg_stat_statements": "SELECT calls FROM pg_stat_statements, pg_stat_statements_info",
        "pg_buffercache": "SELECT * FROM pg_buffercache, pg_buffercache_summary()",
        "pgstattuple": "SELECT * FROM pgstattuple('listed'), pgstattuple_approx('listed')",
        "pg_freespacemap": "SELECT * FROM pg_freespace('listed')",
        "pg_visibility": "SELECT * FROM pg_visibility_map('listed')",
        "pageinspect": "SELECT * FROM heap_page_item_attrs(get_raw_page('listed', 0), 'listed')",
        "pgrowlocks": "SELECT * FROM pgrowlocks('listed')",
        "pgcrypto": "SELECT gen_salt('bf'), gen_random_bytes(2), crypt('a', 'b')",
        "tablefunc": "SELECT * FROM normal_rand(3, 1, 1)",
        "tsm_system_rows": "SELECT * FROM listed TABLESAMPLE system_rows(1)",
        "hstore": "SELECT 'a=>1'::hstore -> 'a'",
        "citext": "SELECT 'a'::citext = 'A'",
    }
    unsafe = {
        "pg_stat_statements_reset(": "SELECT pg_stat_statements_reset()",
        "pg_buffercache_evict(": "SELECT pg_buffercache_evict(1)",
        "pg_truncate_visibility_map(": "SELECT pg_truncate_visibility_map('listed')",
        "mine.gen_salt(text)": "SELECT mine.gen_salt('bf')",
    }
    for extension in safe:
        need_extension(any_server, extension)
    with any_database.connect(autocommit=True) as conn:
        conn.execute(
            b"CREATE TABLE listed AS SELECT 1 AS a;" + "".join(f"CREATE EXTENSION {e};" for e in safe).encode()
        )
        conn.execute("CREATE SCHEMA mine")
        conn.execute("CREATE FUNCTION mine.gen_salt(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'")
        for sql in safe.values():
            assert judge(conn, sql).reasons == (), sql
        for function, sql in unsafe.items():
            assert any(function in each for each in judge(conn, sql).volatile), sql
