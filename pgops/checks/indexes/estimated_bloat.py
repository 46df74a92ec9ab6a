"""Index that seems to be bloated.

A btree page that is half empty is filled only by keys that belong there; space that rows leave behind at one end of
the key (old times, processed states) stays. The index grows beyond what its entries need, searches read more pages and
memory holds air. A REINDEX builds it anew.

An estimate, and `confidence` says how far to trust it: from the number of entries, the average width of each key
column (pg_stats), alignment, fillfactor, and what deduplication would make of equal keys (manual, section
"Deduplication"). Keys that come in random order leave pages about two thirds full, and that is health: INFO from
`info_pct` on, WARNING from `warn_pct`, and only where at least `min_wasted_bytes` seem to be wasted. Only btree is
judged. An index whose table was never analysed or has changed by more than `stale_pct` since, or whose statistics the
role may not read, is unseen. `indexes.measured_bloat` reads the indexes and knows.

It is a false alarm where the space is about to be filled again, and for an index that was made before PostgreSQL 13 and
never rebuilt: it has no deduplication, but then a REINDEX makes it small all the same.

Manual: section 24.2, "Routine Reindexing".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.relations import OF_USERS, hidden_statistics
from pgops.checks.widths import LINE_POINTER, PAGE_HEADER, Columns, aligned, tuple_width
from pgops.findings import Finding, Severity, Target, Unseen, as_tuple, quote_identifier
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    index_bytes: int
    """By the last VACUUM or ANALYZE."""
    block_bytes: int
    entries: int
    """By the same; -1 where there never was one."""
    rows: int
    """Of the table."""
    changed_rows: int
    """Since the last ANALYZE."""
    fillfactor: int
    deduplicates: bool
    exclusion: bool
    readable: bool
    index_readable: bool
    """Whether the role may read the statistics of its expressions."""
    row_security: bool
    """Whether row security binds the role, which hides statistics too."""
    partial: bool
    lengths: tuple[int, ...] = attrs.field(converter=as_tuple)
    """Of each column, INCLUDE too: bytes, or -1 where it varies."""
    alignments: tuple[int, ...] = attrs.field(converter=as_tuple)
    widths: tuple[float, ...] = attrs.field(converter=as_tuple)
    """Average bytes of a value that is not NULL; -1 where there are no statistics."""
    null_shares: tuple[float, ...] = attrs.field(converter=as_tuple)
    distinct: tuple[float, ...] = attrs.field(converter=as_tuple)
    """How many different values; negative as a share of the rows."""


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(45.0, unit="%", doc="INFO where this share of the index seems to be free.")
    warn_pct: float = limit(65.0, unit="%", doc="A WARNING where this share of the index seems to be free.")
    min_wasted_bytes: int = limit(10_485_760, unit="bytes", doc="Say nothing where less seems to be free.")
    stale_pct: float = limit(20.0, unit="%", doc="How much of the table may have changed since ANALYZE.")
    top: int = limit(500, unit="indexes", doc="How many of the largest to look at.")


SQL = """
WITH sized AS MATERIALIZED (
    SELECT i.oid, i.relname, i.relpages, i.reltuples, i.reloptions
      FROM pg_catalog.pg_class AS i
     WHERE i.relkind = 'i'
       AND i.relpersistence <> 't'
       AND i.relam = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'btree')
       AND i.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::int) >= %(min_wasted_bytes)s::bigint
     ORDER BY i.relpages DESC, i.oid
     LIMIT %(top)s::int
)
SELECT n.nspname::text        AS schema,
       c.relname::text        AS "table",
       i.relname::text        AS "index",
       i.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::int) AS index_bytes,
       (SELECT pg_catalog.current_setting('block_size')::int) AS block_bytes,
       i.reltuples::bigint    AS entries,
       c.reltuples::bigint    AS rows,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS changed_rows,
       COALESCE((SELECT o.option_value::int
                   FROM pg_catalog.pg_options_to_table(i.reloptions) AS o
                  WHERE o.option_name = 'fillfactor'), 90) AS fillfactor,
       NOT x.indisunique
         AND x.indnatts = x.indnkeyatts
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_options_to_table(i.reloptions) AS o
                          WHERE o.option_name = 'deduplicate_items' AND NOT o.option_value::bool)
         -- equal has to mean the same bytes: support function 4, and a collation that tells all texts apart
         AND NOT EXISTS (SELECT FROM pg_catalog.unnest(x.indclass::oid[]) AS u(oid)
                           JOIN pg_catalog.pg_opclass AS o ON o.oid = u.oid
                          WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_amproc AS p
                                             WHERE p.amprocfamily = o.opcfamily
                                               AND p.amproclefttype = o.opcintype
                                               AND p.amprocnum = 4))
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_collation AS l
                          WHERE l.oid = ANY (x.indcollation::oid[]) AND NOT l.collisdeterministic)
                              AS deduplicates,
       x.indisexclusion       AS exclusion,
       pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
       -- statistics of an expression are the index's own
       x.indexprs IS NULL OR pg_catalog.has_table_privilege(i.oid, 'SELECT') AS index_readable,
       pg_catalog.row_security_active(c.oid) AS row_security,
       x.indpred IS NOT NULL  AS partial,
       k.lengths,
       k.alignments,
       k.widths,
       k.null_shares,
       k.distinct_values      AS "distinct"
  FROM sized AS i
 CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_index AS p WHERE p.indexrelid = i.oid OFFSET 0) AS x
 CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT pg_catalog.array_agg(a.attlen::int ORDER BY a.attnum) AS lengths,
              pg_catalog.array_agg(CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END
                                   ORDER BY a.attnum) AS alignments,
              pg_catalog.array_agg(COALESCE(w.avg_width, -1)::float8 ORDER BY a.attnum) AS widths,
              -- a partial one may hold those with a value only
              pg_catalog.array_agg((CASE WHEN x.indpred IS NULL THEN COALESCE(w.null_frac, 0) ELSE 0 END)::float8
                                   ORDER BY a.attnum) AS null_shares,
              pg_catalog.array_agg(COALESCE(w.n_distinct, -1)::float8 ORDER BY a.attnum) AS distinct_values
         FROM pg_catalog.pg_attribute AS a
         LEFT JOIN pg_catalog.pg_attribute AS of
                ON of.attrelid = x.indrelid AND of.attnum = x.indkey[a.attnum - 1] AND of.attnum <> 0
         -- statistics of an expression stand under the index's own name
         LEFT JOIN pg_catalog.pg_stats AS w
                ON w.schemaname = n.nspname
               AND w.tablename = CASE WHEN of.attnum IS NULL THEN i.relname ELSE c.relname END
               AND w.attname = COALESCE(of.attname, a.attname)
               AND NOT w.inherited
        WHERE a.attrelid = i.oid) AS k
 WHERE x.indisvalid
   AND <of users>
 ORDER BY i.relpages DESC, n.nspname, i.relname
""".replace("<of users>", OF_USERS)

_SPECIAL, _ENTRY_HEADER, _NULL_BITMAP, _ROW_POINTER = 16, 8, 4, 6
"""Bytes: at the end of a btree page, of an entry, more where a column may be NULL, of each row in a posting list."""
_POSTING = 812
"""Bytes of the largest posting list that a build makes, a tenth of a page."""
_INNER_PAGES = 1.01
"""Pages above the leaves, about one in a hundred."""


def expected_bytes(row: Row) -> float:
    """What the index would take if it were built anew."""
    entries = max(row.entries, 0)
    header = _ENTRY_HEADER + (_NULL_BITMAP if any(row.null_shares) else 0)
    columns = Columns(lengths=row.lengths, alignments=row.alignments, widths=row.widths, null_shares=row.null_shares)
    entry = tuple_width(header, columns).expected_bytes + LINE_POINTER
    usable = (row.block_bytes - PAGE_HEADER - _SPECIAL) * row.fillfactor / 100
    keys = _distinct_keys(row)
    each_bytes = entries * entry
    if row.deduplicates and entries > keys:
        posted = min(entries / keys, max((_POSTING - entry) // _ROW_POINTER, 1))
        lists = entries / posted
        each_bytes = min(each_bytes, lists * (entry + aligned(_ROW_POINTER * posted)))
    return (math.ceil(each_bytes / usable) * _INNER_PAGES + 1) * row.block_bytes


def _distinct_keys(row: Row) -> float:
    """At the most: columns may depend on each other, and then there are fewer."""
    keys = 1.0
    for distinct, null_share in zip(row.distinct, row.null_shares, strict=True):
        keys *= (distinct if distinct >= 0 else -distinct * max(row.rows, 1)) + (1 if null_share else 0)
    return max(min(keys, row.entries), 1.0)


def _unknown(row: Row, limits: Limits, seen: Seen[Limits]) -> Unseen | None:
    """Why an index can't be judged, and what would help; None where it can."""
    target, table = _target(row), Target("table", row.schema, row.table)
    analyze = f"ANALYZE {table};"
    if row.rows < 0 or row.entries < 0:
        return Unseen(target, "its table was never analysed", analyze)
    if row.changed_rows > limits.stale_pct / 100 * max(row.rows, 1):
        return Unseen(target, f"{row.changed_rows:,} rows have changed since the last ANALYZE", analyze)
    if row.entries <= 0 or all(width >= 0 for width in row.widths):
        return None
    if row.row_security or not row.readable:
        return hidden_statistics(target, table, seen.server.user, row_security=row.row_security)
    if not row.index_readable:
        cure = f"GRANT pg_read_all_data TO {quote_identifier(seen.server.user)};"
        return Unseen(target, "the statistics of its expressions are for those who may read the index itself", cure)
    return Unseen(target, "a column has no statistics", analyze)


def _confidence(row: Row) -> float:
    confidence = 0.8
    if row.deduplicates and _distinct_keys(row) < row.entries / 2:
        confidence -= 0.1
    if row.partial:
        confidence -= 0.2  # the statistics are of all rows
    if len(row.lengths) > 1:
        confidence -= 0.05
    return round(max(confidence - min(row.changed_rows / max(row.rows, 1), 0.3), 0.3), 2)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        if row.index_bytes < limits.min_wasted_bytes:
            continue
        unknown = _unknown(row, limits, seen)
        if unknown:
            yield unknown
            continue
        wasted = row.index_bytes - expected_bytes(row)
        wasted_pct = 100 * wasted / row.index_bytes
        if wasted < limits.min_wasted_bytes or wasted_pct < min(limits.info_pct, limits.warn_pct):
            continue
        yield Finding(
            Severity.WARNING if wasted_pct >= limits.warn_pct else Severity.INFO,
            target,
            f"About {pretty('wasted_bytes', int(wasted))} of the index's {pretty('index_bytes', row.index_bytes)} "
            f"({pretty('wasted_pct', wasted_pct)}) hold no entries, by an estimate: built anew it would be small.",
            # what an exclusion constraint stands on can't be rebuilt beside the work
            None if row.exclusion else f"REINDEX INDEX CONCURRENTLY {target};",
            confidence=_confidence(row),
            details={
                "table": row.table,
                "index_bytes": row.index_bytes,
                "wasted_bytes": int(wasted),
                "wasted_pct": wasted_pct,
            },
        )


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index)


CHECK = Check(
    id="indexes.estimated_bloat",
    aliases=("bloated_indexes",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    standby=False,
    known_as=(
        "check_postgres: bloat",
        "check_pgactivity: btree_bloat",
        "ruby-pg-extras: bloat",
        "pg-index-health: indexes with bloat",
    ),
)
