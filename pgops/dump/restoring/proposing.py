"""Restoring a dump, as a proposal: the target and what is in it, how it is done, what of the dump is left out.

A restore writes a whole database, and the worst one goes to the wrong database. So the dump is read to its end first,
the target is named with what it holds, and one that holds anything is refused unless that is said.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from pgops.approval import Keep, Proposal, Record, agreed, recorded
from pgops.db.callers_connection import as_found, refuse_other_place
from pgops.db.identity import database_identity
from pgops.db.working_session import writing_session
from pgops.dump.choices import Content
from pgops.dump.manifest import file_facts
from pgops.dump.reading.checking import DumpCheck, check_contents, read_whole, reading_program
from pgops.dump.restoring.applying import carry_out
from pgops.dump.restoring.lacking import lacking
from pgops.dump.restoring.plan import RestorePlan, refuse_impossible
from pgops.dump.restoring.server import RestoreTarget
from pgops.dump.restoring.settings import psql_for, settings_of, unknown_settings
from pgops.dump.restoring.target import TargetContents, target_contents
from pgops.errors import RestoreError, StaleProposalError, TargetNotEmptyError
from pgops.programs import ChildConnection

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

    from pgops.approval import Approval
    from pgops.dump.reading.toc import Entry
    from pgops.dump.restoring.work import OnRestoreProgress

_NAMED = 200
"""Entries that are written out one by one; more are counted by kind."""


@attrs.frozen(kw_only=True)
class RestoreProposal(Proposal):
    """A restore that could be done. `propose_restore` makes one.

    `parameters` hold the SHA-256 of each file of the dump and what was in the target, so an approval is of just that.
    """

    language: ClassVar[str] = "sh"
    plan: RestorePlan
    check: DumpCheck
    before: TargetContents
    """What was in the target when this was proposed."""
    connection: ChildConnection = attrs.field(repr=False)

    @property
    def is_consistent(self) -> bool:
        """Whether what would be run is what was agreed to, and where."""
        return (
            self.statements == _statements(self.plan, self.connection)
            and self.parameters["before"] == _plainly(self.before)
            and {**self.parameters, **_decisions(self.plan)} == self.parameters
        )

    @property
    def path(self) -> Path:
        """The dump."""
        return self.plan.contents.path

    def apply(
        self,
        conn: psycopg.Connection[Any],
        *,
        approval: Approval | None,
        analyze: bool = False,
        on_progress: OnRestoreProgress | None = None,
        record: Keep | None = None,
    ) -> Record:
        """Restore it, and give a record. `conn` says where; the work is done by pg_restore or psql, and watched.

        `analyze` gathers statistics afterwards, which a dump has none of (but one of pg_dump 18 --statistics).
        `on_progress` is called from this thread, about ten times a second.

        Raises `NotApprovedError`, `StaleProposalError` where the dump or the target is another now, `PoolerError`,
        `ReadOnlyServerError`, and `RestoreError` where something failed: its `failures` are `RestoreMessage`s, and it
        says what is left. In one transaction nothing is. Ctrl-C stops the program, and is passed on.
        """
        approval = agreed(self, approval)
        began = dt.datetime.now(dt.UTC)
        refuse_other_place(self, conn)
        self._refuse_other_files()
        details = carry_out(
            self.plan,
            conn,
            self.connection,
            title=self.title,
            before=self.before,
            analyze=analyze,
            on_progress=on_progress,
        )
        return recorded(self, approval, began=began, outcome="restored", details=details, keep=record)

    def _refuse_other_files(self) -> None:
        try:
            hashes = {each.name: each.sha256 for each in file_facts(self.path)}
        except OSError as problem:
            raise StaleProposalError(
                f"{self.title}: {self.path} can't be read any more: {problem.strerror}.", cure="Propose it anew."
            ) from None
        if sorted(hashes.values()) != sorted(self.parameters["sha256"].values()):
            raise StaleProposalError(
                f"{self.title}: {self.path} is not what it was when this was proposed.", cure="Propose it anew."
            )


def propose_restore(
    conn: psycopg.Connection[Any],
    path: str | os.PathLike[str],
    *,
    into_existing: bool = False,
    content: str = "all",
    jobs: int = 1,
    single_transaction: bool | None = None,
    owner: bool = False,
    privileges: bool = False,
    subscriptions: bool = False,
    tablespaces: bool = True,
    disable_triggers: bool = False,
    bin_path: str | os.PathLike[str] | None = None,
) -> RestoreProposal:
    """What restoring the dump at `path` into `conn`'s database would do: nothing is changed.

    The dump is read to its end first. `into_existing` says that a database with objects in it is meant; `content` is
    `all`, `schema` or `data`; `jobs` above 1 need the custom or directory format, and are no single transaction, which
    it is otherwise. Owners and privileges are the dump's only if asked for; subscriptions are left out unless asked
    for, as they would connect to another server. Without `tablespaces` all goes to the database's own. For rows alone,
    `disable_triggers` keeps triggers from firing and foreign keys from being checked, which only a superuser may. A
    schema alone leaves its materialized views unfilled. Statistics are left out for a server that can't take them (18
    can).

    pg_restore is the lowest that can read the archive. Where the dump sets what the server does not know (pg_dump 17
    and later write transaction_timeout), and for a plain dump, SQL goes through psql, without those lines.

    Raises `DamagedDumpError`, `DumpError` where it is no dump or `content` none of these words,
    `NoClientProgramError`, `TargetNotEmptyError`, `ReadOnlyServerError`, `PoolerError`, and `RestoreError` for what is
    sure to fail: a plain dump that leaves the database, an extension or a tablespace that the server does not have, an
    owner that is no role there.
    """
    wanted = Content(content)  # before gigabytes are read
    contents, manifest = read_whole(path)
    refuse_impossible(
        contents,
        content=wanted,
        jobs=jobs,
        single_transaction=single_transaction,
        disable_triggers=disable_triggers,
    )
    child = ChildConnection.like(conn, application="pgops restore")
    program = None if contents.plain is not None else reading_program(contents, bin_path=bin_path, target=child.target)
    check = check_contents(contents, manifest, program=program)
    with as_found(conn):
        target = database_identity(conn)
    with writing_session(conn, application="pgops restore") as session:
        before = target_contents(session)
        if not before.is_empty and not into_existing:
            raise TargetNotEmptyError(
                f"The database {target['database']!r} holds {before}.",
                cure="Restore into an empty database, or say into_existing=True (--into-existing).",
            )
        unknown = unknown_settings(session, settings_of(contents, program))
        as_sql = contents.plain is not None or bool(unknown)
        if as_sql and jobs > 1:
            raise RestoreError(
                f"The server does not know {', '.join(unknown)}, which the dump sets: it is sent as SQL, by one "
                "session.",
                cure="Take one job.",
            )
        plan = RestorePlan(
            contents=contents,
            program=program,
            psql=psql_for(child, bin_path=bin_path) if as_sql else None,
            target=RestoreTarget.of(session),
            content=wanted,
            jobs=jobs,
            single_transaction=jobs == 1 if single_transaction is None else single_transaction,
            owner=owner,
            privileges=privileges,
            subscriptions=subscriptions,
            tablespaces=tablespaces,
            disable_triggers=disable_triggers,
            unknown_settings=unknown,
        )
        missing = list(lacking(session, plan))
    if missing:
        raise RestoreError(
            f"{contents.path} can't be restored there: {'; '.join(str(each) for each in missing)}.",
            failures=missing,
            cure=missing[0].cure,
        )
    files = manifest.files if manifest is not None else file_facts(contents.path)
    connection = plan.target.fitted(child)
    return RestoreProposal(
        kind="restore",
        title=f"Restore {contents.path.name} into {target['database']}",
        statements=_statements(plan, connection),
        target=target,
        parameters={
            **_decisions(plan),
            "sha256": {each.name: each.sha256 for each in files},
            "before": _plainly(before),
        },
        effects=tuple(_effects(plan, before)),
        risks=tuple(_risks(plan, before, check, child)),
        plan=plan,
        check=check,
        before=before,
        connection=connection,
    )


def _statements(plan: RestorePlan, connection: ChildConnection) -> tuple[str, ...]:
    return (*plan.command_lines(connection.argument), *_written_out(plan))


def _decisions(plan: RestorePlan) -> dict[str, Any]:
    return {
        "path": str(plan.contents.path.absolute()),
        "content": str(plan.content),
        "jobs": plan.jobs,
        "single_transaction": plan.single_transaction,
        "owner": plan.owner,
        "privileges": plan.privileges,
        "subscriptions": plan.subscriptions,
        "tablespaces": plan.tablespaces,
        "disable_triggers": plan.disable_triggers,
    }


def _plainly(before: TargetContents) -> list[list[Any]]:
    return [list(each) for each in before.fingerprint]


def _written_out(plan: RestorePlan) -> Iterator[str]:
    restored = plan.restored
    if len(restored) <= _NAMED:
        yield from (f"-- {each}" for each in restored)
    else:
        yield from (f"-- {count:,} x {kind}" for kind, count in _by_kind(restored))
    for each in plan.left_out[:_NAMED]:
        yield f"-- left out: {each}"


def _by_kind(entries: tuple[Entry, ...]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for each in entries:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return list(counts.items())


def _effects(plan: RestorePlan, before: TargetContents) -> Iterator[str]:
    contents = plan.contents
    yield f"the target holds {before}"
    of = f" of database {contents.database!r}" if contents.database else ""
    when = f", made {contents.at:%Y-%m-%d %H:%M}" if contents.at else ""
    yield (
        f"{len(plan.restored):,} entries of a {contents.format} dump{of}{when}, from server {contents.server} "
        f"by pg_dump {contents.program}"
    )
    yield "all in one transaction: whole or not at all" if plan.single_transaction else "not in one transaction"
    if plan.unknown_settings:
        yield f"left out, as the server does not know it: SET {', '.join(plan.unknown_settings)}"
    if plan.left_out:
        kinds = ", ".join(f"{count} {kind}" for kind, count in _by_kind(plan.left_out))
        yield f"left out: {kinds}"


def _risks(plan: RestorePlan, before: TargetContents, check: DumpCheck, child: ChildConnection) -> Iterator[str]:
    dumped = plan.contents.server_major
    if dumped is not None and dumped > child.server_major:
        yield (
            f"the server is PostgreSQL {child.server_major}, older than the one that was dumped, {dumped}: it may not "
            "take what is newer"
        )
    if not before.is_empty:
        yield "the target is not empty: what the dump makes may be there already, and rows come on top of rows"
    if plan.contents.plain is not None and plan.contents.plain.drops:
        yield f"the dump drops things first ({plan.contents.plain.drops:,} statements), as pg_dump --clean writes it"
    if plan.disable_triggers:
        yield "no foreign key is checked and no trigger fires for these rows: a row that breaks one would stay unseen"
    if not plan.single_transaction:
        yield "if it fails, what was restored until then stays"
    elif len(plan.restored) > plan.target.locks // 2:
        yield (
            f"{len(plan.restored):,} objects in one transaction may need more locks than the server has, "
            f"{plan.target.locks:,}: raise max_locks_per_transaction, or restore without a single transaction"
        )
    yield from (f"not proved of the dump: {each}" for each in check.unproved)
