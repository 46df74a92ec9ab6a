"""Reports that are kept: one SQLite file that only grows, for baselines, trends, and what is "new since".

    with pgops.open_history("history.sqlite") as history, pgops.connect() as conn:
        series = history.series("shop", database="app", node="primary")
        report = pgops.run_checks(conn, history=series)     # checks see what they saw before, on the standbys too
        series.add(report)
        print(series.compare(report).new)

A `Series` is what was seen of one database on one node of a cluster. The cluster and the node are the caller's words:
nothing that every role on every service may ask tells a primary from its standby or a restored copy.

The file is append-only, and triggers in it say so to other programs. Each report is added in one transaction: after a
crash it is there whole or not at all. It holds names and texts of queries, so a new file is its owner's alone (0600).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import threading
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from pgops.checks.api import Observation, Past
from pgops.checks.report_json import Document, document, report_of, result_of
from pgops.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from pgops.checks.comparison import Comparison
    from pgops.checks.report import Report
    from pgops.findings import Finding, Target

APPLICATION_ID = 0x70676F70  # "pgop"
VERSION = 1
BUSY_TIMEOUT_S = 10.0
BASELINE = "baseline"
_DAY_S = 86_400

_SCHEMA = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    cluster TEXT NOT NULL,
    node TEXT NOT NULL,
    database TEXT NOT NULL,
    at REAL NOT NULL,       -- seconds since 1970, by the clock of the server that was looked at
    head BLOB NOT NULL      -- the report without its results
);
CREATE INDEX run_of_series ON run (cluster, database, node, at);
CREATE TABLE result (
    run INTEGER NOT NULL REFERENCES run,
    position INTEGER NOT NULL,
    check_id TEXT NOT NULL,
    has_seen INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, check_id)
) WITHOUT ROWID;
CREATE TABLE finding (run INTEGER NOT NULL REFERENCES run, fingerprint TEXT NOT NULL);
CREATE INDEX finding_by_fingerprint ON finding (fingerprint, run);
CREATE TABLE reading (
    run INTEGER NOT NULL REFERENCES run,
    check_id TEXT NOT NULL,
    target TEXT NOT NULL,   -- its parts, as JSON
    metric TEXT NOT NULL,
    value REAL NOT NULL,
    bound REAL
);
CREATE INDEX reading_of_target ON reading (check_id, target, metric, run);
CREATE TABLE mark (name TEXT NOT NULL, run INTEGER NOT NULL REFERENCES run, marked REAL NOT NULL);
"""
_TABLES = ("run", "result", "finding", "reading", "mark")


@attrs.frozen(kw_only=True)
class Point:
    """One number of a trend: the `value` and its `limit` at that time, in the metric's unit."""

    at: dt.datetime
    value: float
    limit: float | None


class History:
    """The file, open. Thread-safe, and several programs may use one file; a context manager that closes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Its series can't be asked any more."""
        with self._lock:
            self._connection.close()

    def series(self, cluster: str, *, database: str, node: str = "") -> Series:
        """What was and will be seen of `database` on `node` of `cluster`: names that the caller chooses and keeps."""
        return Series(history=self, cluster=cluster, database=database, node=node)

    def __iter__(self) -> Iterator[Series]:
        """Every series that has a report."""
        for cluster, database, node in self.rows(
            "SELECT DISTINCT cluster, database, node FROM run ORDER BY cluster, database, node"
        ):
            yield self.series(cluster, database=database, node=node)

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[Any]:
        """Ask the file. The tables are those of this module, and may change with its version."""
        with self._lock:
            return self._connection.execute(sql, values or {}).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write to the file: all that the block does, or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


@attrs.frozen(kw_only=True)
class Series:
    """The reports of one database on one node of a cluster, in the order of their server's clock.

    It is a history for `run_checks`: a check gets what it saw on this node, and on the other nodes of the cluster.
    """

    history: History = attrs.field(repr=False)
    cluster: str
    database: str
    node: str = ""

    def add(self, report: Report) -> None:
        """Keep a report. Raises `HistoryError` for one of another database, or one that reached no server."""
        if report.server is None:
            raise HistoryError("This report reached no server, so there is nothing to keep.")
        if report.server.database != self.database:
            raise HistoryError(
                f"This report is of the database {report.server.database!r}, and the series of {self.database!r}.",
                cure="Add it to the series of its own database.",
            )
        whole = document(report)
        results = whole.pop("results")
        with self.history.transaction() as file:
            run = file.execute(
                "INSERT INTO run (cluster, node, database, at, head) VALUES (?, ?, ?, ?, ?)",
                (self.cluster, self.node, self.database, report.started_at.timestamp(), _packed(whole)),
            ).lastrowid
            file.executemany(
                "INSERT INTO result VALUES (?, ?, ?, ?, ?)",
                (
                    (run, position, result.check, result.has_seen, _packed(body))
                    for position, (result, body) in enumerate(zip(report.results, results, strict=True))
                ),
            )
            file.executemany(
                "INSERT INTO finding VALUES (?, ?)", ((run, finding.fingerprint) for finding in report.findings)
            )
            file.executemany(
                "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (run, result.check, _name(reading.target), reading.metric, reading.value, reading.limit)
                    for result in report.results
                    for reading in result.readings
                ),
            )

    # --- reports -----------------------------------------------------------------------------------------------------

    def reports(self) -> Iterator[Report]:
        """All of them, the oldest first, each read when it is asked for."""
        for (run,) in self._asked("SELECT id FROM mine ORDER BY at, id"):
            yield self._report(run)

    def latest(self) -> Report | None:
        """The last one, or None where there is none."""
        return self._one(_LATEST)

    def __len__(self) -> int:
        return int(self._asked("SELECT count(*) FROM mine")[0][0])

    def _one(self, sql: str, **values: object) -> Report | None:
        found = self._asked(sql, **values)
        return self._report(found[0][0]) if found else None

    def _report(self, run: int) -> Report:
        ((head,),) = self._asked("SELECT head FROM run WHERE id = :run", run=run)
        bodies = self._asked("SELECT body FROM result WHERE run = :run ORDER BY position", run=run)
        return report_of({**_unpacked(head), "results": [_unpacked(body) for (body,) in bodies]})

    # --- baselines, and what is new ----------------------------------------------------------------------------------

    def mark(self, name: str = BASELINE) -> None:
        """Make the latest report the one that `marked(name)` gives, until it is marked anew."""
        run = self._asked(_LATEST)
        if not run:
            raise HistoryError(f"There is no report of {self.database!r} to mark as {name!r}.", cure="Add one first.")
        with self.history.transaction() as file:
            file.execute("INSERT INTO mark VALUES (?, ?, ?)", (name, run[0][0], dt.datetime.now(dt.UTC).timestamp()))

    def marked(self, name: str = BASELINE) -> Report | None:
        """The report that was last marked so, or None."""
        return self._one(
            "SELECT run FROM mark WHERE run IN (SELECT id FROM mine) AND name = :name ORDER BY rowid DESC LIMIT 1",
            name=name,
        )

    def compare(self, report: Report) -> Comparison | None:
        """`report` held against the baseline, else the one kept before it; None where there is neither."""
        earlier = self.marked() or self._one(
            "SELECT id FROM mine WHERE at < :at ORDER BY at DESC, id DESC LIMIT 1",
            at=report.started_at.timestamp(),
        )
        return None if earlier is None else report.compare(earlier)

    def first_seen(self, finding: Finding) -> dt.datetime | None:
        """When this finding was first in a report of the series, or None where it never was."""
        ((at,),) = self._asked(
            "SELECT min(mine.at) FROM mine JOIN finding ON finding.run = mine.id WHERE fingerprint = :fingerprint",
            fingerprint=finding.fingerprint,
        )
        return None if at is None else _time(at)

    # --- numbers over time -------------------------------------------------------------------------------------------

    def trend(self, check: str, target: Target, metric: str) -> tuple[Point, ...]:
        """A metric of one object in every report that read it, the oldest first."""
        rows = self._asked(
            "SELECT at, value, bound FROM mine JOIN reading ON reading.run = mine.id "
            "WHERE check_id = :check AND target = :target AND metric = :metric ORDER BY at, id",
            check=check,
            target=_name(target),
            metric=metric,
        )
        return tuple(Point(at=_time(at), value=value, limit=bound) for at, value, bound in rows)

    # --- for run_checks ----------------------------------------------------------------------------------------------

    def past(self, check: str, *, days: float = 0.0) -> Past:
        """What `check` saw in the last report of each node that has its answer, and in all of the `days` before now."""
        rows = self._asked(_PAST, check=check, since=dt.datetime.now(dt.UTC).timestamp() - days * _DAY_S)
        seen: dict[str, list[Observation]] = {}
        for node, at, body in rows:
            seen.setdefault(node, []).append(Observation(at=_time(at), rows=result_of(_unpacked(body)).rows))
        own = tuple(seen.pop(self.node, ()))
        return Past(own=own, elsewhere={node: tuple(observations) for node, observations in seen.items()})

    def _asked(self, sql: str, **values: object) -> list[Any]:
        """Rows by a query to which `mine` are the runs of this series."""
        mine = {"cluster": self.cluster, "database": self.database, "node": self.node}
        return self.history.rows(_MINE + sql, mine | values)


_MINE = """
WITH mine AS (
    SELECT id, at
      FROM run
     WHERE cluster = :cluster
       AND database = :database
       AND node = :node
)
"""

_LATEST = "SELECT id FROM mine ORDER BY at DESC, id DESC LIMIT 1"

_PAST = """
SELECT node, at, body
  FROM (SELECT run.node, run.at, run.id, result.body,
               row_number() OVER (PARTITION BY run.node ORDER BY run.at DESC, run.id DESC) AS back
          FROM run
          JOIN result ON result.run = run.id
         WHERE run.cluster = :cluster
           AND run.database = :database
           AND result.check_id = :check
           AND result.has_seen) AS answers
 WHERE at >= :since
    OR back = 1
 ORDER BY at, id
"""


def open_history(file: str | os.PathLike[str] | Path) -> History:
    """Open the file of a history, or make it. Raises `HistoryError` for a file that is something else, or newer."""
    path = os.fspath(file)
    if not os.path.lexists(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise HistoryError(f"{path} can't be opened as a history: {error}.", cure="Name another file.") from None
    except BaseException:
        connection.close()
        raise
    return History(connection)


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")  # two programs may open a new file at once
    ((application,),) = connection.execute("PRAGMA application_id").fetchall()
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    if application == 0 and tables == 0:
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        for table in _TABLES:
            for change in ("UPDATE", "DELETE"):
                connection.execute(
                    f"CREATE TRIGGER {table}_{change.lower()} BEFORE {change} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'a history only grows'); END"
                )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    elif application != APPLICATION_ID:
        connection.execute("ROLLBACK")
        raise HistoryError(f"{path} is a database of another program.", cure="Name another file.")
    elif version > VERSION:
        connection.execute("ROLLBACK")
        raise HistoryError(f"{path} was written by a newer pgops (version {version}).", cure="Upgrade pgops.")
    connection.execute("COMMIT")


def _packed(body: Document) -> bytes:
    return zlib.compress(json.dumps(body, ensure_ascii=True, allow_nan=False).encode("ascii"))


def _unpacked(body: bytes) -> Document:
    unpacked: Document = json.loads(zlib.decompress(body))
    return unpacked


def _name(target: Target) -> str:
    return json.dumps(attrs.astuple(target), ensure_ascii=True)


def _time(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
