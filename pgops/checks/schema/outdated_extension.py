"""Extension older than the files on the server.

A new package, or pg_upgrade, brings an extension's new files and leaves the objects in each database as they were:
new functions are missing, mended faults of its SQL are not mended there, and the library runs with definitions of
another version. ALTER EXTENSION ... UPDATE brings them up, in each database by itself.

WARNING where the server's default version can be reached from the installed one; INFO where it differs and no script
leads there, or where the server no longer has the extension's files at all, so that a dump can't be restored here. It
is a false alarm where the old version is kept on purpose. Read the extension's notes first: an update may change its
objects, and needs exclusive locks on them.

Manual: ALTER EXTENSION; section 38.17.5, "Extension Updates".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    extension: str
    installed: str
    available: str | None
    """The default version of the server's files; None where it has none."""
    reachable: bool
    """Whether update scripts lead there."""


# The update paths of an extension are read from its folder, so only for those that differ.
SQL = """
WITH differing AS MATERIALIZED (
  SELECT e.extname, e.extversion, f.default_version
    FROM pg_catalog.pg_extension AS e
    LEFT JOIN pg_catalog.pg_available_extensions() AS f ON f.name = e.extname
   WHERE f.default_version IS DISTINCT FROM e.extversion
)
SELECT d.extname::text                          AS extension,
       d.extversion                             AS installed,
       d.default_version                        AS available,
       CASE WHEN d.default_version IS NULL THEN FALSE
            ELSE EXISTS (SELECT
                           FROM pg_catalog.pg_extension_update_paths(d.extname) AS p
                          WHERE p.source = d.extversion
                            AND p.target = d.default_version
                            AND p.path IS NOT NULL) END AS reachable
  FROM differing AS d
 ORDER BY reachable DESC, d.extname
"""


def _message(row: Row, _: object) -> str:
    if row.available is None:
        return f"Version {row.installed} is installed, and the server has no files of the extension any more."
    if row.reachable:
        return f"Version {row.installed} is installed, and the server has {row.available}."
    return f"Version {row.installed} is installed, the server has {row.available}, and no update script leads there."


CHECK = Check(
    id="schema.outdated_extension",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.WARNING if row.reachable else Severity.INFO,
        target=lambda row: Target("extension", None, row.extension),
        message=_message,
        fix=lambda row, _: (
            f"ALTER EXTENSION {Target('extension', None, row.extension)} UPDATE;" if row.reachable else None
        ),
        details=("installed", "available"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=(
        "check_pgactivity: extensions_versions",
        "splinter: extension_versions_outdated",
    ),
)
