"""What `read_facts` says of the tables that a text names."""

from __future__ import annotations

from pgops.migrations.effects.live import read_facts
from pgops.sql.grammar import read_script


def facts_of(conn, sql):
    return read_facts(conn, [read_script(sql)])


def table(conn, name="t"):
    return facts_of(conn, f"DROP TABLE {name}").tables[read_script(f"DROP TABLE {name}").statements[0].meaning.names[0]]
