"""SQL that changes something, as a proposal: every statement verbatim, what kind it is, and how it would be run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.approval import Keep, Proposal
from pgops.db.callers_connection import as_found
from pgops.db.identity import database_identity
from pgops.db.working_session import Standing
from pgops.errors import SqlRefusedError
from pgops.scripting.failures import head_of
from pgops.scripting.sources import SqlText, read_source, whole_script
from pgops.sql.script import Statement, hash_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from pgops.approval import Approval, Record
    from pgops.scripting.sources import SqlSource

KIND = "sql script"

ONE, EACH, ITS_OWN = "one transaction", "each statement by itself", "the script's own transactions"
"""How a script is run."""
_MOST_SAID = 200


@attrs.frozen(kw_only=True)
class SqlProgress:
    """A statement of a script that is about to run."""

    number: int
    of: int
    place: str
    head: str


@attrs.frozen(kw_only=True)
class SqlProposal(Proposal):
    """SQL that would be carried out on one database. `propose_sql` makes one.

    `target` is `database_identity` (the server, the database and the role); `parameters` hold the source's name,
    each statement's line and SHA-256, the search path, and how they are run. In `statements` passwords are masked.
    """

    mode: str
    """`one transaction`, `each statement by itself`, or `the script's own transactions`."""
    keeps_session: bool = False
    """Something of it lasts as long as a session does: it can't run behind a transaction pooler."""
    source: SqlText = attrs.field(repr=False)
    script: tuple[Statement, ...] = attrs.field(repr=False)

    @property
    def is_consistent(self) -> bool:
        """Whether what would be run, and how, is what its statements and parameters say, which were agreed to."""
        shown = _shown(self.script)
        said = {name: value for name, value in self.parameters.items() if name != "search_path"}
        return shown == self.statements and said == _parameters(self.source, self.script, self.mode, self.keeps_session)

    @property
    def with_password(self) -> tuple[str, ...]:
        """Where the statements are in which a password was masked: `file:line`."""
        pairs = zip(self.script, self.statements, strict=True)
        return tuple(self.source.place(each.line) for each, shown in pairs if each.text != shown)

    @property
    def in_transaction(self) -> bool:
        """Whether all of it is one transaction: done whole, or not at all."""
        return self.mode == ONE

    def apply(
        self,
        conn: psycopg.Connection[Any],
        *,
        approval: Approval | None,
        lock_timeout_s: float | None = 2.0,
        timeout_s: float | None = None,
        on_progress: Callable[[SqlProgress], object] | None = None,
        record: Keep | None = None,
    ) -> Record:
        """Carry it out on `conn`'s database, and give a record: of each statement its tag, rows and seconds.

        `conn` says where, and is left as it is: the work is done on a session of its own, opened like it, with its role
        and search path. A lock is waited for `lock_timeout_s` seconds, so that nobody queues behind it for longer;
        a statement may take `timeout_s`; None is no limit. The first error ends it. Rows that statements return are
        kept in the record, the first 1,000 of each.

        Raises `NotApprovedError` without an approval of this very proposal, `StaleProposalError` where the file, the
        database or the search path is another now, `ValueError` for a limit of 0 or less, `WrongConnectionError` where
        `conn` is in a transaction, `ReadOnlyServerError`, `PoolerError` behind a transaction pooler where something of
        the script lasts in its session, and `StatementFailedError` with the place, the server's words, and what became
        of the statements before.
        """
        from pgops.scripting.applying import carry_out  # noqa: PLC0415

        return carry_out(
            self,
            conn,
            approval=approval,
            lock_timeout_s=lock_timeout_s,
            timeout_s=timeout_s,
            on_progress=on_progress,
            record=record,
        )


def propose_sql(
    conn: psycopg.Connection[Any], source: SqlSource, *, title: str | None = None, in_transaction: bool | None = None
) -> SqlProposal:
    """What carrying out `source` on `conn`'s database would do: nothing is changed. `source` is as in `run_sql`.

    All of it is one transaction, done whole or not at all, unless a statement allows none around it (VACUUM, CREATE
    INDEX CONCURRENTLY, CREATE DATABASE ...): then each runs by itself, and what was done stays. A script that has its
    own BEGIN and COMMIT is run as it says. `in_transaction` decides it: True for one transaction, False for each by
    itself, as for a procedure that commits.

    Raises `UnreadableSqlError` for what is no SQL (psql's commands, rows for COPY), `SqlRefusedError` for what can't be
    run so: COPY to or from the client, a parameter ($1), a transaction that is left open, or none where
    `in_transaction` wants one; `SourceError`, `MissingExtraError` without pgops[migrations], and psycopg's errors.
    """
    text = read_source(source)
    statements = whole_script(text).statements
    mode = _mode(text, statements, in_transaction)
    _refuse_for_the_client(text, statements)
    with as_found(conn):
        target = database_identity(conn)
        search_path = Standing.of(conn).search_path
    from pgops.scripting.kinds import lasts_in_session  # noqa: PLC0415  it brings the grammar's words

    count = len(statements)
    keeps_session = mode != ONE or any(lasts_in_session(each.meaning) for each in statements)
    return SqlProposal(
        kind=KIND,
        title=title or f"{count} statement{'s' if count != 1 else ''} of {text.name}",
        statements=_shown(statements),
        target=target,
        parameters={**_parameters(text, statements, mode, keeps_session), "search_path": search_path},
        effects=_effects(text, statements),
        risks=_risks(text, statements, mode),
        mode=mode,
        keeps_session=keeps_session,
        source=text,
        script=statements,
    )


def _shown(statements: tuple[Statement, ...]) -> tuple[str, ...]:
    from pgops.scripting.masking import masked  # noqa: PLC0415  needs an extra

    return tuple(masked(each.text) for each in statements)


def _parameters(text: SqlText, statements: tuple[Statement, ...], mode: str, keeps_session: bool) -> dict[str, Any]:
    return {
        "name": text.name,
        "path": str(text.path) if text.path is not None else None,
        "sha256": text.sha256,
        "lines": [each.line for each in statements],
        "hashes": [hash_of(each.text) for each in statements],  # a masked password is agreed to as well
        "mode": mode,
        "keeps_session": keeps_session,
    }


def _mode(text: SqlText, statements: tuple[Statement, ...], in_transaction: bool | None) -> str:
    from pgops.scripting.kinds import CONTROLS, allows_no_transaction, kind_of, leaves_open  # noqa: PLC0415

    control = next((each for each in statements if kind_of(each) == CONTROLS), None)
    alone = next((each for each in statements if allows_no_transaction(each.meaning)), None)
    if in_transaction and (alone or control):
        first = alone or control
        assert first is not None  # noqa: S101
        raise SqlRefusedError(
            f"{text.place(first.line)}: it can't be part of one transaction: {head_of(first)}.",
            cure="Leave in_transaction (--in-transaction) out: then it is run as it has to be.",
        )
    if leaves_open(statements):
        raise SqlRefusedError(
            f"{text.name}: its last transaction is begun and not ended.", cure="Write COMMIT, or leave BEGIN out."
        )
    if control is not None:
        return ITS_OWN
    return EACH if alone is not None or in_transaction is False else ONE


def _refuse_for_the_client(text: SqlText, statements: tuple[Statement, ...]) -> None:
    from pgops.scripting.parameters import refuse_parameter  # noqa: PLC0415  needs an extra
    from pgops.sql.statements import Copy  # noqa: PLC0415

    for each in statements:
        if isinstance(each.meaning, Copy) and each.meaning.with_client:
            raise SqlRefusedError(
                f"{text.place(each.line)}: the rows of COPY come from the client or go to it: {head_of(each)}.",
                cure="psql does that: pgops.psql(file=...), or `pgops psql -f FILE`.",
            )
        refuse_parameter(text, each)


def _effects(text: SqlText, statements: tuple[Statement, ...]) -> tuple[str, ...]:
    from pgops.scripting.kinds import kind_of  # noqa: PLC0415

    said = []
    for each in statements[:_MOST_SAID]:
        objects = ", ".join(str(target) for target in each.objects)
        said.append(f"{text.place(each.line)}: {kind_of(each)}{f': {objects}' if objects else ''}")
    if len(statements) > _MOST_SAID:
        said.append(f"and {len(statements) - _MOST_SAID} statements more")
    return tuple(said)


def _risks(text: SqlText, statements: tuple[Statement, ...], mode: str) -> tuple[str, ...]:
    from pgops.scripting.kinds import allows_no_transaction, warnings_of  # noqa: PLC0415

    risks = []
    if mode == EACH:
        alone = [text.place(each.line) for each in statements if allows_no_transaction(each.meaning)]
        why = f" (no transaction is allowed around {', '.join(alone[:5])})" if alone else ""
        risks.append(f"each statement is committed by itself{why}: after an error, what was done before it stays")
    elif mode == ITS_OWN:
        risks.append("the script has its own transactions: after an error, what they have committed stays")
    found = [f"{text.place(each.line)}: {warning}" for each in statements for warning in warnings_of(each)]
    more = [f"and {len(found) - _MOST_SAID} warnings more"] if len(found) > _MOST_SAID else []
    return (*risks, *found[:_MOST_SAID], *more)
