"""What a check is: plain declarations, and nothing here touches a server.

A check names its `Row` (what its SQL gives), its `Limits` (the thresholds, each with unit and meaning), its `Query` per
server version, what it `Requires`, and a pure judgement over rows. Only the runner does I/O, so one declaration serves
a connection, a pool and asyncio alike.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, LiteralString, Protocol, TypeAlias, TypeVar

import attrs

from pgops.db.server import Lack, Server
from pgops.errors import BadCheckError
from pgops.findings import Target, as_tuple

if TYPE_CHECKING:
    from pgops.findings import Finding, Unseen
    from pgops.render.document import Block

RowT = TypeVar("RowT")
LimitsT = TypeVar("LimitsT")
JudgedT = TypeVar("JudgedT", contravariant=True)  # noqa: PLC0105  named like the two above

Verdict: TypeAlias = "Finding | Unseen"


class Scope(enum.Enum):
    """How far one answer reaches: the database that was asked, or the whole server whichever database was asked."""

    DATABASE = "database"
    CLUSTER = "cluster"


@attrs.frozen(kw_only=True)
class NoLimits:
    """The limits of a check that has none."""


class Loosest(enum.Enum):
    """Which of several values of a limit lets the most rows through: SQL gets that one, the judgement the exact one."""

    LOWEST = "lowest"
    HIGHEST = "highest"


def limit(default: Any, *, unit: str, doc: str, loosest: Loosest = Loosest.LOWEST) -> Any:
    """Declare one limit of a check: at once a parameter of its SQL, a key of the config and a line of documentation.

    `loosest` matters where a limit is set for one object and SQL, which runs once for all, must not filter too much.
    """
    return attrs.field(default=default, metadata={"unit": unit, "doc": doc, "loosest": loosest})


@attrs.frozen(kw_only=True)
class Requires:
    """What must be there for a check to give an answer. What is missing makes it SKIPPED, with the reason and the cure.

    `role`: a predefined role whose rights are needed (manual, section "Predefined Roles"). `extension`: its name.
    `extension_version`: the oldest version that will do. `grants`: rights on single objects, where no predefined role
    has them, as they stand in `GRANT ... TO`: the cure when the server denies them; the slot `<<extension>>` stands for
    the schema of one, as in a query. `useless`: settings by name with
    the value that leaves the server without anything to tell (`Server.settings` has the known ones).
    """

    role: str | None = None
    extension: str | None = None
    extension_version: str | None = None
    grants: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    useless: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=as_tuple)

    def unmet(self, server: Server) -> Lack | None:
        """The first thing that `server` lacks, or None."""
        if self.role is not None and not server.has_role(self.role):
            return server.lacks_role(self.role)
        if self.extension is not None:
            lack = server.lacks_extension(self.extension, self.extension_version)
            if lack is not None:
                return lack
        lacks = (server.lacks_setting(name, useless=value) for name, value in self.useless)
        return next((lack for lack in lacks if lack is not None), None)


@attrs.frozen(kw_only=True)
class Query:
    """The SQL for servers of major version `since` and later, until a newer query of the same check.

    With `extension` it is chosen by that extension's installed version instead, and `<<name>>` in the text stands for
    the quoted schema the extension is installed in. Limits are named parameters: `%(min_rows)s`; a percent sign is
    `%%`. The search path is empty, so every name is qualified. `without_texts` is asked instead where `sql` reads
    texts of other databases and one of them can't be converted to this one's encoding (errors 22021 and 22P05).

    `for_each_row` is asked once for every row of `sql`, with the row's columns as its parameters, where one object
    must not spoil the answer about the others (amcheck raises an error for a damaged index). Its first value goes into
    the row's field `answer`; of an error the message goes there, and its code into the field `sqlstate`. What the
    time did not suffice for has the code 57014 (query_canceled).
    """

    since: int
    sql: LiteralString
    extension: tuple[str, str] | None = None
    without_texts: LiteralString | None = None
    for_each_row: LiteralString | None = None

    @property
    def version(self) -> tuple[int, ...]:
        """The numbers of the extension's version that it is for; empty where the server's decides."""
        return _numbers(self.extension[1]) if self.extension else ()


@attrs.frozen(kw_only=True)
class Probe:
    """A look at something that SQL on this connection can't see.

    The caller of `run_checks` hands in facilities by name; `read` gets that facility and gives the check's rows.
    """

    facility: str
    read: Callable[[Any], Iterable[Any]]


@attrs.frozen(kw_only=True)
class Metric:
    """A number of each row that moves toward a limit: of two observations comes a forecast when it gets there.

    `value` and `limit` name fields of Row, in the same unit; a row whose limit is None has none. For a number that
    shrinks (free slots) give what is used up instead.
    """

    value: str
    limit: str


@attrs.frozen(kw_only=True)
class Observation:
    """What one check saw on one run: its rows, and when, by the server's clock."""

    at: datetime
    rows: Sequence[Any]


@attrs.frozen(kw_only=True)
class Past:
    """What a check saw before, as a history remembers it: the oldest first.

    `own` is of the very server and database that are judged. `elsewhere` is of others that the history counts to the
    same cluster (the primary's standbys, say), by their names.
    """

    own: tuple[Observation, ...] = ()
    elsewhere: Mapping[str, tuple[Observation, ...]] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Seen(Generic[LimitsT]):
    """The circumstances that a judgement may take into account. `now` is the server's clock.

    `check` is the id of the check that is judged. `past` is what it saw before, as far back as the check asks for.
    """

    check: str = ""
    limits: LimitsT
    server: Server
    now: datetime
    past: Past = Past()
    _limits_of: Callable[[Any], LimitsT] | None = attrs.field(default=None, alias="limits_of")

    @property
    def earlier(self) -> Observation | None:
        """The previous observation of the same check, or None: enough for growth and regressions."""
        return self.past.own[-1] if self.past.own else None

    def limits_for(self, row: Any) -> LimitsT:
        """The limits for this row's object: those set for it by name, otherwise `limits`."""
        return self.limits if self._limits_of is None else self._limits_of(row)


def _cleaned(doc: str | None) -> str:
    return inspect.cleandoc(doc or "")


class Judge(Protocol[JudgedT, LimitsT]):
    """A pure function from rows to findings. It may also yield `Unseen` for what the rows could not tell."""

    def __call__(self, rows: Sequence[JudgedT], seen: Seen[LimitsT], /) -> Iterable[Verdict]: ...


class Picture(Protocol[JudgedT]):
    """A pure function from all rows to blocks of a document, for what a table of rows can't show."""

    def __call__(self, rows: Sequence[JudgedT], /) -> Iterable[Block]: ...


@attrs.frozen(kw_only=True)
class Check(Generic[RowT, LimitsT]):
    """One check, or a listing where `judge` is None.

    Raises `BadCheckError` when the declaration contradicts itself.

    `id` is `topic.slug`. `aliases` are other names that callers use; one alias may stand on several checks. `doc` is
    the documentation: its first line the title. `standby` says whether the answer means anything on a standby. `target`
    gives the object of a row, for limits set per object; `each_row` brings its own. `max_rows` bounds the rows that a
    result keeps, not those that are judged. `opt_in` checks (those that read users' tables) run only when named.
    `picture` draws all rows together where a table shows too little (who waits for whom, as a tree): a report puts its
    blocks above the findings. Like `judge` it is pure, and gets rows read from JSON too. `metrics` are what forecasts
    and trends are made of; the SQL has to give healthy rows too, and `target` says what they are about. `known_as` are
    the names by which other tools know the question, as `tool: name`, so that who comes from there finds it. A check
    that needs more of a history than its previous observation says how many days it `looks_back`.
    """

    id: str
    doc: str = attrs.field(converter=_cleaned, repr=False)
    row: type[RowT] = attrs.field(repr=False)
    limits: type[LimitsT] = attrs.field(default=NoLimits, repr=False)  # type: ignore[assignment]
    judge: Judge[RowT, LimitsT] | None = attrs.field(default=None, repr=False)
    queries: tuple[Query, ...] = attrs.field(default=(), converter=as_tuple, repr=False)
    probe: Probe | None = attrs.field(default=None, repr=False)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    scope: Scope = Scope.DATABASE
    standby: bool = True
    requires: Requires = attrs.field(factory=Requires, repr=False)
    target: Callable[[RowT], Target] | None = attrs.field(default=None, repr=False)
    max_rows: int = attrs.field(default=10_000, repr=False)
    opt_in: bool = False
    picture: Picture[RowT] | None = attrs.field(default=None, repr=False)
    metrics: tuple[Metric, ...] = attrs.field(default=(), converter=as_tuple, repr=False)
    known_as: tuple[str, ...] = attrs.field(default=(), converter=as_tuple, repr=False)
    looks_back: float = attrs.field(default=0.0, repr=False)

    def __attrs_post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise BadCheckError(f"The check {self.id!r} is declared wrongly: {problem}.")

    @property
    def topic(self) -> str:
        """The part of the id before the first dot."""
        return self.id.partition(".")[0]

    @property
    def title(self) -> str:
        """The first line of the documentation, without its full stop."""
        return self.doc.partition("\n")[0].removesuffix(".")

    def target_of(self, row: RowT) -> Target | None:
        """The object that a row is about, where the check says so."""
        find = self.target or getattr(self.judge, "target", None)
        return find(row) if find else None

    def query_for(self, server: Server) -> Query | Lack:
        """The newest query that fits the server, or why none does."""
        fitting = [query for query in self.queries if query.since <= server.major]
        if not fitting:
            oldest = min(query.since for query in self.queries)
            return Lack(f"it needs PostgreSQL {oldest} or later, and this is {server.major}", "")
        served = [query for query in fitting if not query.extension or server.extension(*query.extension)]
        if served:
            return max(served, key=lambda query: (query.since, query.version))
        name, version = min((query.extension for query in fitting if query.extension), key=lambda e: _numbers(e[1]))
        return server.lacks_extension(name, version) or Lack(f"it needs the extension {name} {version}", "")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_ALIAS = re.compile(r"[a-z][a-z0-9_]*")
_KNOWN_AS = re.compile(r"[a-z][\w-]*: \S.*")


def _problem(check: Check[Any, Any]) -> str:
    """What is wrong with a declaration, or an empty string."""
    if not _ID.fullmatch(check.id):
        return "an id is `topic.slug`, in lower case letters, digits and underscores"
    wrong = [alias for alias in check.aliases if not _ALIAS.fullmatch(alias)]
    if wrong:
        return f"the alias {wrong[0]!r} is not in lower case letters, digits and underscores"
    if len(set(check.aliases)) < len(check.aliases):
        return f"an alias stands there twice: {', '.join(check.aliases)}"
    if not check.title.strip():
        return "it has no documentation, and its first line is the title"
    if not attrs.has(check.row) or not attrs.has(check.limits):
        return "row and limits are attrs classes"
    undecided = [field.name for field in attrs.fields(check.limits) if field.default is attrs.NOTHING]
    if undecided:
        return f"the limit {undecided[0]!r} has no default"
    if "severity" in {field.name for field in attrs.fields(check.limits)}:
        return "severity is no name for a limit: callers weigh findings by it"
    if bool(check.queries) == (check.probe is not None):
        return "it has either queries or a probe"
    repeated = len({(query.since, query.extension) for query in check.queries}) < len(check.queries)
    if repeated:
        return "two of its queries are for the same version"
    if check.metrics and check.target is None and not hasattr(check.judge, "target"):
        return "it has metrics, and no target that says what they are about"
    columns = {field.name for field in attrs.fields(check.row)}
    for name in (name for metric in check.metrics for name in (metric.value, metric.limit)):
        if name not in columns:
            return f"a metric names {name!r}, which is no field of its Row"
    if any(query.for_each_row for query in check.queries) and not {"answer", "sqlstate"} <= columns:
        return "it asks for each row, and its Row has no answer and sqlstate to take what is said"
    unknown = [name for name in check.known_as if not _KNOWN_AS.fullmatch(name)]
    if unknown:
        return f"{unknown[0]!r} is not written `tool: name`"
    checker = getattr(check.judge, "problem", None)
    return checker(check.row, check.limits) if checker else ""
