"""From one planned check to its result: requirements, the question, the verdict, and every way to fail.

Like `steps` it never waits. Nothing that a check does escapes: whatever goes wrong becomes an outcome with its reason,
and only a lost connection also ends the work on that connection.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg
from psycopg.pq import TransactionStatus

from pgops.checks.api import Check, Past, Probe, Query, Seen
from pgops.checks.check_settings import Bounds
from pgops.checks.report import CheckResult, Outcome, Reading
from pgops.checks.steps import LOCK_TIMEOUT_S, Ask, load, look
from pgops.checks.suppress import Suppression, split
from pgops.db.server import FACTS_SQL, Lack, Server
from pgops.errors import PgopsError
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier

if TYPE_CHECKING:
    from psycopg import pq

    from pgops.db.callers_connection import AnyConnection


logger = logging.getLogger("pgops.checks")

TESTED_UNTIL = 18
"""The newest major version that every check was tested on."""

CONNECTION_LOST = "connection lost"


Answer: TypeAlias = tuple[Outcome, dict[str, Any]]
"""An outcome, and the fields of `CheckResult` that go with it."""


@attrs.frozen(kw_only=True)
class Planned:
    """A check with all that is decided before anything is asked."""

    check: Check[Any, Any]
    bounds: Bounds
    trusted: bool
    suppressions: tuple[Suppression, ...] = ()
    past: Past = Past()  # noqa: RUF009  frozen, so all may share it

    def about(self, row: Any) -> Planned:
        """The same with the row's columns among the parameters of its SQL."""
        parameters = {**self.bounds.parameters, **attrs.asdict(row)}
        return attrs.evolve(self, bounds=attrs.evolve(self.bounds, parameters=parameters))

    def result(self, answer: Answer, seconds: float = 0.0) -> CheckResult:
        check, (outcome, more) = self.check, answer
        return CheckResult(
            check=check.id,
            title=check.title,
            aliases=check.aliases,
            outcome=outcome,
            limits=self.bounds.shown,
            seconds=seconds,
            **more,
        )


def skipped(lack: Lack) -> Answer:
    return Outcome.SKIPPED, {"reason": lack.reason, "cure": lack.cure}


def failed(reason: str, *, cure: str = "", sqlstate: str | None = None) -> Answer:
    return Outcome.FAILED, {"reason": reason, "cure": cure, "sqlstate": sqlstate}


@attrs.frozen(kw_only=True)
class Circumstances:
    """What all checks of one run share. `clock` is monotonic and stood at `clock` when the server said `server.now`."""

    server: Server
    clock: float
    facilities: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def now(self) -> datetime:
        return self.server.now + timedelta(seconds=time.monotonic() - self.clock)


@attrs.frozen
class TimeLimit:
    """How long one look may take, and what sets that limit."""

    seconds: float
    because: str


def gather_facts(conn: AnyConnection, limit: TimeLimit) -> Generator[Ask, pq.abc.PGresult, Server]:
    """Ask the server for what every check may need to know. Raises what psycopg raises."""
    result = yield from look(conn, FACTS_SQL, None, timeout_s=limit.seconds, trusted=True)
    return Server.from_row(load(result, tuple)[0])


def answer(
    conn: AnyConnection, planned: Planned, given: Circumstances, limit: TimeLimit
) -> Generator[Ask, pq.abc.PGresult, CheckResult]:
    """The result of one check, asked within `limit`."""
    began = time.perf_counter()
    try:
        found = yield from _found(conn, planned, given, limit)
    except psycopg.Error as error:
        timed_out = time.perf_counter() - began >= limit.seconds
        found = _failure(conn, planned, error, given.server, exceeded=limit if timed_out else None)
    except Exception as error:  # a check's own mistake is its result, and the run goes on
        logger.exception("The check %s failed", planned.check.id)
        found = failed(f"the check itself is at fault: {_in_words(error)}")
    return planned.result(found, time.perf_counter() - began)


def _in_words(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # one whose own words fail must not take the run along
        return type(error).__name__


def _found(
    conn: AnyConnection, planned: Planned, given: Circumstances, limit: TimeLimit
) -> Generator[Ask, pq.abc.PGresult, Answer]:
    check, server = planned.check, given.server
    lack = check.requires.unmet(server)
    if lack is None and server.in_recovery and not check.standby:
        lack = Lack("it means nothing on a standby", "Ask the primary.")
    if lack is not None:
        return skipped(lack)
    if check.probe is not None:
        return _probed(check.probe, planned, given)
    query = check.query_for(server)
    if isinstance(query, Lack):
        return skipped(query)
    try:
        result = yield from _asked(conn, planned, query, given, limit)
    except (psycopg.errors.CharacterNotInRepertoire, psycopg.errors.UntranslatableCharacter):
        if query.without_texts is None:
            raise
        query = attrs.evolve(query, sql=query.without_texts)
        result = yield from _asked(conn, planned, query, given, limit)
    rows = load(result, check.row)
    if query.for_each_row is not None:
        query = attrs.evolve(query, sql=query.for_each_row)
        rows = yield from _one_by_one(conn, planned, rows, query=query, given=given, limit=limit)
    return judged(planned, rows, given)


_OF_ALL_OBJECTS = {"42501", "42883", "25P02"}
"""No right to call the function, no such function, a transaction that has failed before."""


def _one_by_one(
    conn: AnyConnection, planned: Planned, rows: list[Any], *, query: Query, given: Circumstances, limit: TimeLimit
) -> Generator[Ask, pq.abc.PGresult, list[Any]]:
    """The rows with what the server says to each, all within `limit`."""
    ends = time.monotonic() + limit.seconds
    answered: list[Any] = []
    for row in rows:
        left = attrs.evolve(limit, seconds=ends - time.monotonic())
        said, sqlstate = None, None
        if left.seconds > 0:
            try:
                result = yield from _asked(conn, planned.about(row), query, given, left)
                said = next((value for (value,) in load(result, tuple)), None)
            except psycopg.Error as error:
                # At the first row that is the answer to all of them; later it must not cost what was found by then.
                if is_lost(conn, error) or (not answered and error.sqlstate in _OF_ALL_OBJECTS):
                    raise
                said, sqlstate = error.diag.message_primary, error.sqlstate
        else:
            sqlstate = "57014"
        answered.append(attrs.evolve(row, answer=said or None, sqlstate=sqlstate))
    return answered


def _asked(
    conn: AnyConnection, planned: Planned, query: Query, given: Circumstances, limit: TimeLimit
) -> Generator[Ask, pq.abc.PGresult, pq.abc.PGresult]:
    sql: str = query.sql
    if query.extension is not None:
        name = query.extension[0]
        sql = sql.replace(f"<<{name}>>", _quoted_schema(given.server, name))
    return (yield from look(conn, sql, planned.bounds.parameters, timeout_s=limit.seconds, trusted=planned.trusted))


def _probed(probe: Probe, planned: Planned, given: Circumstances) -> Answer:
    name = probe.facility
    if name not in given.facilities:
        return skipped(Lack(f"no facility {name!r} was handed in", f"run_checks(..., facilities={{{name!r}: ...}})"))
    try:
        with _going_on(planned):
            rows = list(probe.read(given.facilities[name]))
    except PgopsError as error:  # what was handed in is of no use, and says why
        return skipped(Lack(error.what, error.cure))
    if not all(isinstance(row, planned.check.row) for row in rows):
        raise TypeError(f"its probe gives rows that are not {planned.check.row.__name__} objects")
    return judged(planned, rows, given)


def _quoted_schema(server: Server, extension: str) -> str:
    return quote_identifier(server.extensions[extension].schema).replace("%", "%%")


def judged(planned: Planned, rows: list[Any], given: Circumstances) -> Answer:
    """What these rows mean: pure, nothing is asked."""
    check = planned.check
    kept: dict[str, Any] = {"rows": tuple(rows[: check.max_rows]), "truncated": len(rows) > check.max_rows}
    if check.metrics:
        kept["readings"] = tuple(_readings(check, kept["rows"]))
    if check.judge is None:
        return Outcome.LISTED, kept
    now = given.now
    seen = Seen(
        check=check.id,
        limits=planned.bounds.limits,
        server=given.server,
        now=now,
        past=planned.past,
        limits_of=planned.bounds.of(check),
    )
    findings: Sequence[Finding]
    with _going_on(planned):
        findings, unseen = _numbered(check.id, check.judge(rows, seen))
    findings = planned.bounds.weighed(findings)
    kept["unseen"] = tuple(unseen)
    if planned.suppressions:
        names = (check.id, check.topic, *check.aliases)
        findings, kept["suppressed"] = split(findings, planned.suppressions, names=names, today=now.date())
    kept["findings"] = tuple(findings)
    if findings:
        return Outcome.FOUND, kept
    if unseen:
        return Outcome.SKIPPED, kept | _unjudged(unseen)
    return Outcome.CLEAN, kept


@contextmanager
def _going_on(planned: Planned) -> Iterator[None]:
    """A stranger's check that calls sys.exit() is at fault itself. In one of ours it is the program that ends."""
    try:
        yield
    except SystemExit as error:
        if planned.trusted:
            raise
        raise RuntimeError(f"it calls sys.exit({error.code!r})") from error


def _readings(check: Check[Any, Any], rows: Iterable[Any]) -> Iterator[Reading]:
    """The metrics of each row that has them."""
    for row in rows:
        target = check.target_of(row)
        for metric in check.metrics:
            value, limit = getattr(row, metric.value), getattr(row, metric.limit)
            if target is not None and value is not None:
                yield Reading(target, metric.value, value, limit)


def _unjudged(unseen: list[Unseen]) -> dict[str, str]:
    """The reason and the cure where nothing was found and something could not be judged."""
    first = unseen[0]
    number = f"{len(unseen)} objects" if len(unseen) > 1 else f"the {first.target.kind} {first.target}"
    cures = list(dict.fromkeys(each.cure for each in unseen if each.cure))
    return {"reason": f"{number} could not be judged: {first.reason}", "cure": "\n".join(cures[:20])}


_TEXT_OR_NONE = (str, type(None))
_NUMBER_OR_NONE = (float, int, type(None))


def _can_be_written(finding: Any) -> bool:
    """Whether its parts are what they are declared to be: attrs does not look, and a report has to be written later."""
    return (
        isinstance(finding, Finding)
        and isinstance(finding.severity, Severity)
        and isinstance(target := finding.target, Target)
        and isinstance(target.name, str)
        and isinstance(target.schema, _TEXT_OR_NONE)
        and isinstance(target.sub, _TEXT_OR_NONE)
        and isinstance(finding.message, str)
        and isinstance(finding.fix, _TEXT_OR_NONE)
        and isinstance(finding.confidence, _NUMBER_OR_NONE)
    )


def _numbered(check: str, verdicts: Iterable[Finding | Unseen]) -> tuple[list[Finding], list[Unseen]]:
    """The findings with the check's id on them, those about equal targets told apart by a number."""
    findings: list[Finding] = []
    unseen: list[Unseen] = []
    targets: set[Target] = set()  # one look-up for the 100,000 that are alone, and counting for the few that are not
    times: dict[Target, int] = {}
    for each in verdicts:
        if isinstance(each, Unseen):
            unseen.append(each)
            continue
        if not _can_be_written(each):
            raise TypeError(f"its judge gives {each!r}, which is no Finding with a Severity, a Target and texts")
        known = len(targets)
        targets.add(each.target)
        nth = 1
        if len(targets) == known:
            nth = times[each.target] = times.get(each.target, 1) + 1
        if nth > 1 or each.check != check:
            each = attrs.evolve(each, check=check, nth=nth)  # noqa: PLW2901
        findings.append(each)
    return findings, unseen


# undefined_column, undefined_table, undefined_function, undefined_object, undefined_parameter
_UNDEFINED = {"42703", "42P01", "42883", "42704", "42P02"}


def _failure(
    conn: AnyConnection, planned: Planned, error: psycopg.Error, server: Server, *, exceeded: TimeLimit | None
) -> Answer:
    """What an error of the server means for a check (codes: manual, appendix A)."""
    state = error.sqlstate
    words = (error.diag.message_primary or str(error)).strip()
    if is_lost(conn, error):
        return failed(f"{CONNECTION_LOST}: {words}", sqlstate=state)
    if state == "57014" and exceeded:
        return failed(f"stopped by {exceeded.because}", sqlstate=state)
    if state == "55P03":
        return failed(f"a lock was not to be had within {LOCK_TIMEOUT_S:g} s: {words}", sqlstate=state)
    if state == "42501":
        needs = planned.check.requires
        lack = server.lacks_role(needs.role) if needs.role else None
        grants = "\n".join(
            f"GRANT {_in_schemas(grant, server)} TO {quote_identifier(server.user)};" for grant in needs.grants
        )
        return skipped(lack or Lack(words, grants or f"Grant what is missing to the role {server.user}."))
    if state == "55000":  # object_not_in_prerequisite_state: the server is not set up for the question
        return skipped(Lack(words, _preparation(planned, error, words)))
    if state in _UNDEFINED and server.major > TESTED_UNTIL:
        return skipped(Lack(f"not known to work on PostgreSQL {server.major}: {words}", "Look for a newer pgops."))
    if state in _UNDEFINED and planned.trusted and "pg_catalog" in words:
        # The contract asks this very question on that version: somebody took a part out (Aurora lacks pg_stat_wal).
        reason = f"this server is not a whole PostgreSQL {server.major}, as with some managed services: {words}"
        return skipped(Lack(reason, "Look whether the provider has a view of its own for it."))
    if state == "25P02":
        return failed("the caller's transaction has failed", sqlstate=state, cure="Roll it back first.")
    return failed(f"{words} (SQLSTATE {state})" if state else words, sqlstate=state)


def _in_schemas(grant: str, server: Server) -> str:
    """With the schemas that extensions are installed in, where the grant is on something of theirs."""
    return re.sub("<<(.*?)>>", lambda slot: quote_identifier(server.extensions[slot[1]].schema), grant)


def _preparation(planned: Planned, error: psycopg.Error, words: str) -> str:
    """What makes a server ready, by the message of an error 55000."""
    library = planned.check.requires.extension
    if library and "shared_preload_libraries" in words:
        return f"Add {library} to shared_preload_libraries, to what stands there, and restart the server."
    return error.diag.message_hint or ""


def is_lost(conn: AnyConnection, error: psycopg.Error) -> bool:
    """Whether the connection is gone, or going: 57P01 to 57P03 end it, and class 08 says so."""
    state = error.sqlstate or ""
    gone = conn.closed or conn.pgconn.transaction_status == TransactionStatus.UNKNOWN
    return gone or state in ("57P01", "57P02", "57P03", "57P05") or state.startswith("08")
