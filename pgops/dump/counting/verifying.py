"""Whether a restored database holds what was dumped: each table's rows, counted and hashed again, beside the manifest.

Both were made in one snapshot each, so writers don't disturb it; but what was written to the restored database since
is a difference. Only what the manifest has is compared: a dump of some tables proves those. Of a hash-partitioned table
whose rows the restore has put into other partitions the whole is compared (see `moved_rows`).

Servers of other versions and other encodings can be compared (see `hashing`). What is known to be written otherwise by
another version, and would be a difference that is none: an array or domain of `"char"` with bytes beyond ASCII (16),
and the types of extensions whose versions write their values in other ways.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from psycopg.rows import tuple_row

from pgops.dump.counting.hashing import are_comparable
from pgops.dump.counting.large_objects import hash_large_objects
from pgops.dump.counting.moved_rows import Name, hash_partitions, together
from pgops.dump.counting.running import count_tables_with, exported_snapshot
from pgops.dump.counting.table_content import named_errors
from pgops.dump.manifest import LargeObjects, Manifest, TableContent, manifest_path, read_manifest
from pgops.errors import ManifestError
from pgops.findings import as_json, as_tuple, quote_identifier

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    import psycopg

    from pgops.dump.counting.running import TableProgress
    from pgops.render.document import Document

SCHEMA = "pgops.verification/1"

_TABLES = """
SELECT pg_catalog.current_database()::pg_catalog.text,
       n.nspname::pg_catalog.text,
       c.relname::pg_catalog.text,
       EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.objid = c.oid
                  AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                  AND d.deptype = 'e')
  FROM (SELECT true) AS always
  LEFT JOIN (pg_catalog.pg_class AS c
             JOIN pg_catalog.pg_namespace AS n
               ON n.oid = c.relnamespace
              AND c.relkind = 'r'
              AND c.relpersistence <> 't'
              AND pg_catalog.left(n.nspname::pg_catalog.text, 3) <> 'pg_'
              AND n.nspname <> 'information_schema') ON true
"""


class Verdict(StrEnum):
    """How a table, or the large objects, of the restored database stand to those dumped."""

    EQUAL = "equal"
    ROWS_DIFFER = "another number of rows"
    CONTENT_DIFFERS = "other content"
    MISSING = "missing"
    NOT_COMPARED = "not compared"
    """It is there, and could not be read, or its hash was made in another encoding: `not_compared` says why."""


@attrs.frozen(kw_only=True)
class Comparison:
    """One table, one partitioned table whose rows have moved among its partitions, or (no `name`) the large objects."""

    schema: str
    name: str
    verdict: Verdict
    rows_dumped: int
    rows_restored: int | None
    """None where it is missing or could not be counted."""

    def __str__(self) -> str:
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}" if self.name else "large objects"


@attrs.frozen(kw_only=True)
class RestoreVerification:
    """What a restored database has of a dump's content."""

    dump: str
    """The name of the dump."""
    dumped_from: str
    """The database that was dumped."""
    database: str
    """The one that was looked at."""
    comparisons: tuple[Comparison, ...] = attrs.field(converter=as_tuple)
    additional: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=as_tuple)
    """Tables (schema, name) that the manifest does not have. They are no difference: a dump may be of some tables."""
    not_compared: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    """What nothing is said of, a sentence each."""

    @property
    def differences(self) -> tuple[Comparison, ...]:
        """What is not as it was dumped."""
        return tuple(each for each in self.comparisons if each.verdict not in {Verdict.EQUAL, Verdict.NOT_COMPARED})

    @property
    def is_equal(self) -> bool:
        """Whether all that was compared is as it was dumped; see `not_compared` for the rest."""
        return not self.differences

    @property
    def is_proved(self) -> bool:
        """Whether the content of all that the manifest has was compared, and is as it was dumped."""
        return all(each.verdict is Verdict.EQUAL for each in self.comparisons)

    def to_json(self) -> str:
        """As JSON, with its schema first."""
        facts = {"is_equal": self.is_equal, "is_proved": self.is_proved, **attrs.asdict(self)}
        return json.dumps({"schema": SCHEMA, **as_json(facts)}, indent=1, ensure_ascii=False) + "\n"

    def to_document(self) -> Document:
        """As a document for the writers of `pgops.render`."""
        from pgops.dump.counting.verification_document import verification_document  # noqa: PLC0415  only who shows it needs it

        return verification_document(self)

    def to_text(self, *, width: int = 100, color: bool = False) -> str:
        """For a terminal of `width` columns; control characters in names are shown, never sent."""
        from pgops.render.text import to_text  # noqa: PLC0415  only who shows it needs it

        return to_text(self.to_document(), width=width, color=color)


OnProgress: TypeAlias = "Callable[[TableProgress], object]"


def verify_restore(
    conn: psycopg.Connection[Any],
    dump: str | os.PathLike[str] | Manifest,
    *,
    jobs: int = 1,
    on_progress: OnProgress | None = None,
) -> RestoreVerification:
    """Count and hash the tables of `conn`'s database, and hold them against the manifest of the dump restored there.

    `dump` is the dump's path, beside which the manifest lies, or the manifest. `conn` is left as it was found: the work
    is done on `jobs` sessions of our own, of one snapshot, read-only, so what `conn` has not committed is not seen.
    `on_progress` hears of each table as it is begun. Memory stays flat at any size; each table is read once.

    Raises `ManifestError` where the dump has no manifest, or one without counts; `CountError` for a table that can't
    be read whole, since a privilege is missing, row-level security hides rows, or it is damaged.
    """
    manifest = dump if isinstance(dump, Manifest) else _manifest_beside(dump)
    if manifest.tables is None:
        cure = "Make dumps with verify=True: rows are counted while they are dumped."
        if manifest.content == "schema":
            cure = "Compare the schemas: it has no rows."
        raise ManifestError(f"The manifest of {manifest.dump} has no counts of rows.", cure=cure)
    wanted = [(each.schema, each.name) for each in manifest.tables]
    with exported_snapshot(conn, tables=wanted) as (session, snapshot):
        counted = count_tables_with(session, snapshot, jobs=jobs, tables=wanted, on_table=on_progress)
        database, there, own = _tables_of(session)
        partitions = hash_partitions(session)
        objects = None
        if manifest.large_objects is not None:
            with named_errors("The large objects"):
                objects = hash_large_objects(session)
    comparisons = [
        *_compared(*_moved_together(manifest.tables, counted.tables, partitions), there),
        *_compared_objects(manifest.large_objects, objects),
    ]
    return RestoreVerification(
        dump=manifest.dump,
        dumped_from=manifest.database,
        database=database,
        comparisons=comparisons,
        additional=sorted(own.difference(wanted)),
        not_compared=[*manifest.not_counted, *counted.not_counted, *_other_hashes(comparisons)],
    )


def _manifest_beside(dump: str | os.PathLike[str]) -> Manifest:
    manifest = read_manifest(dump)
    if manifest is None:
        raise ManifestError(
            f"There is no manifest of that dump: {manifest_path(dump)} is not there.",
            cure="Move it along with the dump, or make the dump anew with verify=True.",
        )
    return manifest


def _tables_of(session: psycopg.Connection[Any]) -> tuple[str, frozenset[Name], frozenset[Name]]:
    """The database's name, its tables, and those among them that belong to no extension."""
    with session.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_TABLES).fetchall()
    tables = [((schema, name), of_extension) for _, schema, name, of_extension in rows if name is not None]
    return (
        rows[0][0],
        frozenset(table for table, _ in tables),
        frozenset(table for table, of_extension in tables if not of_extension),
    )


def _moved_together(
    dumped: Sequence[TableContent], restored: Sequence[TableContent], partitions: dict[Name, Name]
) -> tuple[Sequence[TableContent], Sequence[TableContent]]:
    """Both, with a hash-partitioned table in the place of its partitions where the restore has moved rows among them.

    Where more than that is different they stay, and each has its verdict.
    """
    for partitioned in sorted(set(partitions.values())):
        of_it = {name for name, of in partitions.items() if of == partitioned}
        parts = [[each for each in side if (each.schema, each.name) in of_it] for side in (dumped, restored)]
        before, after = (together(each, partitioned) for each in parts)
        if parts[0] and parts[0] != parts[1] and before == after:
            dumped, restored = (
                [*(each for each in side if (each.schema, each.name) not in of_it), whole]
                for side, whole in ((dumped, before), (restored, after))
            )
    return dumped, restored


def _compared(
    dumped: Iterable[TableContent], now_there: Iterable[TableContent], there: Collection[Name]
) -> Iterator[Comparison]:
    restored = {(each.schema, each.name): each for each in now_there}
    for each in dumped:
        now = restored.get((each.schema, each.name))
        if now is not None:
            verdict = _verdict((each.rows, each.hash), (now.rows, now.hash))
        else:  # what is there and was not counted has its sentence
            verdict = Verdict.NOT_COMPARED if (each.schema, each.name) in there else Verdict.MISSING
        yield Comparison(
            schema=each.schema,
            name=each.name,
            verdict=verdict,
            rows_dumped=each.rows,
            rows_restored=now.rows if now is not None else None,
        )


def _compared_objects(dumped: LargeObjects | None, restored: LargeObjects | None) -> Iterator[Comparison]:
    if dumped is not None and restored is not None:
        yield Comparison(
            schema="",
            name="",
            verdict=_verdict((dumped.count, dumped.hash), (restored.count, restored.hash)),
            rows_dumped=dumped.count,
            rows_restored=restored.count,
        )


def _verdict(dumped: tuple[int, str], restored: tuple[int, str]) -> Verdict:
    if dumped[0] != restored[0]:
        return Verdict.ROWS_DIFFER
    if dumped[1] == restored[1]:
        return Verdict.EQUAL
    return Verdict.CONTENT_DIFFERS if are_comparable(dumped[1], restored[1]) else Verdict.NOT_COMPARED


def _other_hashes(comparisons: Iterable[Comparison]) -> Iterator[str]:
    for each in comparisons:
        if each.verdict is Verdict.NOT_COMPARED and each.rows_restored is not None:
            yield f"Content of {each}: as many rows, and two databases whose encodings give hashes of their own."
