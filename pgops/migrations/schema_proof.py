"""Whether two ways of writing a migration build the same schema: both are carried out on a throwaway server, and what
pg_dump says of the results is compared.

Only definitions are compared: of rows that the statements write, pg_dump --schema-only says nothing.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from typing import TYPE_CHECKING

import attrs

from pgops.dump.taking.schema_text import schema_text
from pgops.errors import DumpError, UnprovedError
from pgops.programs import ChildConnection
from pgops.scratch import fresh_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgops.scratch import ScratchDatabase, ScratchServer

_TIMEOUT_S = 120
_LINES_SHOWN = 40
# A dump begins and ends with a key of its own (since August 2025, against CVE-2025-8714). All else is the same whenever
# the schema is, comments and settings too; and what looks like one may be a line of a function.
_KEY = re.compile(r"^\\restrict (\w+)$", re.MULTILINE)


@attrs.frozen(kw_only=True)
class SchemaProof:
    """What came of building the schema in two ways."""

    is_equal: bool
    server_version: str
    before: str
    """SHA-256 of the normalised dump of what the files before build."""
    after: str
    difference: tuple[str, ...] = ()
    """The first lines of the unified difference between the two dumps."""


def prove_equal(server: ScratchServer, *, base: str, before: Sequence[str], after: Sequence[str]) -> SchemaProof:
    """Carry out `base` and then the scripts of each way, each in a fresh database of `server`, and compare.

    Every statement is a transaction of its own unless the script begins one. They run as the server's superuser: it has
    to be a throwaway one. Roles belong to the whole server, so a script that makes one fails the second time.

    Raises `UnprovedError` where a statement fails or can't be read, or pg_dump does; `NoClientProgramError` where
    there is no pg_dump that is new enough.
    """
    dumps = [_dump_of(server, [base, *scripts], which) for scripts, which in ((before, "before"), (after, "merged"))]
    hashes = [hashlib.sha256(dump.encode()).hexdigest() for dump in dumps]
    sides = [dump.split("\n") for dump in dumps]
    found = difflib.unified_diff(sides[0], sides[1], "before", "merged", lineterm="")
    return SchemaProof(
        is_equal=dumps[0] == dumps[1],
        server_version=server.binaries.version,
        before=hashes[0],
        after=hashes[1],
        difference=tuple(line for line, _ in zip(found, range(_LINES_SHOWN), strict=False)),
    )


def normalised(dump: str) -> str:
    r"""A dump without what differs from run to run: the key that guards its reading.

    >>> normalised("\\restrict x1\nCREATE TABLE a (b int);\n\\unrestrict x1\n")
    'CREATE TABLE a (b int);\n'
    """
    key = _KEY.search(dump)
    if key is None:
        return dump
    return dump.replace(f"\\restrict {key[1]}\n", "", 1).replace(f"\n\\unrestrict {key[1]}\n", "\n", 1)


def _dump_of(server: ScratchServer, scripts: Sequence[str], which: str) -> str:
    with fresh_database(server) as database:
        for script in scripts:
            _carry_out(database, script, which)
        return normalised(_pg_dump(database))


def _carry_out(database: ScratchDatabase, text: str, which: str) -> None:
    import psycopg  # noqa: PLC0415  heavy, and so is the grammar: paid for when something is proved

    from pgops.sql.grammar import read_script  # noqa: PLC0415

    script = read_script(text)
    for part in script.unparsed:
        raise UnprovedError(f"The files {which}: line {part.line} can't be read: {part.reason}.", cure="Mend it.")
    with database.connect() as conn:
        for statement in script.statements:
            try:
                conn.execute(statement.text.encode())
            except psycopg.Error as problem:
                said = str(problem).strip().partition("\n")[0]
                raise UnprovedError(
                    f"The files {which} can't be carried out here: {said}, at: {statement.head}",
                    cure="Give the schema that they build on as base=.",
                ) from None


def _pg_dump(database: ScratchDatabase) -> str:
    with database.connect() as conn:
        connection = ChildConnection.like(conn, application="pgops proof")
    try:
        return schema_text(connection, bin_path=database.server.bindir, timeout_s=_TIMEOUT_S)
    except DumpError as problem:
        raise UnprovedError(problem.what, cure=problem.cure) from None
