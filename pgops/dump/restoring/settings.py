"""What a dump sets at its head, and which of it a server does not know; and the psql that such a dump goes through.

pg_dump and pg_restore of 17 write `SET transaction_timeout = 0`, which servers before 17 refuse: in one transaction
that ends everything. The next version will bring the next such setting, so the server is asked about each.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from psycopg.rows import tuple_row

from pgops.dump.reading.plain_facts import SETTING
from pgops.dump.reading.plain_sql import Kind, pieces_of
from pgops.errors import NoClientProgramError
from pgops.programs import PSQL, find_programs, started
from pgops.programs.finding import fitting

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import psycopg

    from pgops.dump.reading.contents import Contents
    from pgops.programs import ChildConnection, ClientProgram

_RESTRICT_SINCE = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}
r"""The minor version of each major in which psql learned `\restrict` (August 2025)."""


def settings_of(contents: Contents, program: ClientProgram | None) -> tuple[str, ...]:
    """The names of what is set before anything is made: by the plain dump, or by this pg_restore."""
    if contents.plain is not None or program is None:
        return contents.plain.settings if contents.plain is not None else ()
    with tempfile.TemporaryDirectory(prefix="pgops-") as folder:
        nothing = Path(folder) / "list"
        nothing.touch()
        arguments = ["--file=-", f"--use-list={nothing}", str(contents.path.absolute())]
        with started(program, arguments, None, stdout=subprocess.PIPE) as running:
            pieces = [each for each in pieces_of(cast("BinaryIO", running.stdout)) if each.kind is Kind.STATEMENT]
            running.process.wait()
    found = [SETTING.match(each.bare) for each in pieces]
    return tuple(match[1].decode("ascii", "replace").lower() for match in found if match is not None)


def unknown_settings(session: psycopg.Connection[Any], names: Sequence[str]) -> tuple[str, ...]:
    """Those that the server does not know."""
    # current_setting and not pg_settings, which hides some that SET takes: default_with_oids
    with session.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(
            "SELECT n FROM pg_catalog.unnest(%s::text[]) AS n WHERE pg_catalog.current_setting(n, true) IS NULL",
            [list(names)],
        ).fetchall()
    return tuple(name for (name,) in rows)


def knows_restrict(program: ClientProgram) -> bool:
    r"""Whether this psql can be told to take no commands from its input.

    >>> from pathlib import Path
    >>> from pgops.programs import ClientProgram
    >>> [knows_restrict(ClientProgram(name="psql", path=Path("psql"), version=each, source="")) for each in
    ...  ("15.13", "15.14", "18.0", "18beta1")]
    [False, True, True, False]
    """
    number = re.match(r"(\d+)\.(\d+)", program.version)
    if number is None:
        return program.major > max(_RESTRICT_SINCE) + 1
    major, minor = int(number[1]), int(number[2])
    return major > max(_RESTRICT_SINCE) or minor >= _RESTRICT_SINCE.get(major, minor + 1)


def psql_for(child: ChildConnection, *, bin_path: str | os.PathLike[str] | None = None) -> ClientProgram:
    r"""The psql that a dump goes through: one that can do what the connection needs, and knows `\restrict`.

    Raises `NoClientProgramError` where there is none.
    """
    folder = Path(bin_path) if bin_path is not None else None
    found = find_programs(PSQL, folder=folder)
    safe = [each for each in found if knows_restrict(each)]
    if found and not safe:
        raise NoClientProgramError(
            r"No psql here knows \restrict, without which a dump could have it run anything on this machine (found: "
            f"{', '.join(map(str, found))}).",
            cure="Update psql to a release of August 2025 or later: 17.6, 16.10, 15.14, 14.19, 13.22.",
        )
    return fitting(safe, name=PSQL, server=child.server_major, target=child.target, at_least=False)
