"""How a restore is done: what is left out, in one transaction or not, with which arguments. Pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import attrs

from pgops.dump.choices import Content
from pgops.dump.reading.contents import Contents
from pgops.dump.restoring.server import RestoreTarget
from pgops.errors import RestoreError
from pgops.findings import as_tuple
from pgops.programs import ClientProgram

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgops.dump.reading.toc import Entry

_PARALLEL = {"custom", "directory"}
_ROWS = {"TABLE DATA", "BLOBS", "BLOB", "SEQUENCE SET", "BLOB METADATA"}
_FROM_ROWS = {"MATERIALIZED VIEW DATA", "STATISTICS DATA"}
"""What rows alone do not have, and a schema without rows has no use for: its views would be filled with nothing."""
_PRIVILEGES = {"ACL", "DEFAULT ACL"}


@attrs.frozen(kw_only=True)
class RestorePlan:
    """All that decides how a dump is restored."""

    contents: Contents
    program: ClientProgram | None
    """The pg_restore; None for a plain dump."""
    psql: ClientProgram | None
    """The psql that the dump goes to as SQL; None where pg_restore itself connects."""
    target: RestoreTarget
    content: Content = Content.ALL
    jobs: int = 1
    single_transaction: bool = True
    owner: bool = False
    privileges: bool = False
    subscriptions: bool = False
    tablespaces: bool = True
    disable_triggers: bool = False
    unknown_settings: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    """What the dump sets at its head and the server does not know: transaction_timeout before 17."""

    @property
    def as_sql(self) -> bool:
        """Whether the dump reaches the server through psql."""
        return self.psql is not None

    @property
    def left_out(self) -> tuple[Entry, ...]:
        """Entries that are not restored though they belong to the content that is."""
        return tuple(each for each in self.contents.entries if self._is_of_content(each) and self._is_left_out(each))

    @property
    def restored(self) -> tuple[Entry, ...]:
        """What is to be restored, in order."""
        return tuple(
            each for each in self.contents.entries if self._is_of_content(each) and not self._is_left_out(each)
        )

    @property
    def makes_public(self) -> bool:
        """Whether it makes the schema public, which only a dump of that schema does."""
        return any(each.kind == "SCHEMA" and each.name == "public" for each in self.restored)

    @property
    def needs_list(self) -> bool:
        """Whether pg_restore has to be given a list, for what it has no option for."""
        return any(self._is_unlisted(each) for each in self.contents.entries)

    def listed(self) -> str:
        """The list for `pg_restore --use-list`: the numbers of its entries."""
        return "".join(f"{each.id}\n" for each in self.contents.entries if not self._is_unlisted(each))

    def _is_of_content(self, entry: Entry) -> bool:
        if not entry.creates or entry.kind.startswith("DATABASE"):  # they are for pg_restore --create
            return False
        match self.content:
            case Content.SCHEMA:
                return entry.kind not in _ROWS | _FROM_ROWS
            case Content.DATA:
                return entry.kind in _ROWS
            case _:
                return True

    def _is_left_out(self, entry: Entry) -> bool:
        return (entry.kind in _PRIVILEGES and not self.privileges) or self._is_unlisted(entry)

    def _is_unlisted(self, entry: Entry) -> bool:
        if self.content is Content.SCHEMA and entry.kind in _FROM_ROWS:
            return True
        if not self.target.takes_statistics and entry.kind == "STATISTICS DATA":
            return True
        if not self.subscriptions and (
            entry.kind.startswith("SUBSCRIPTION") or (entry.name.startswith("SUBSCRIPTION ") and _is_about(entry))
        ):
            return True
        # A comment on an extension is its owner's to make: for pg_restore's own reason it is in every dump.
        if not self.target.superuser and entry.kind == "COMMENT" and entry.name.startswith("EXTENSION "):
            return True
        return self.target.has_public and entry.kind == "SCHEMA" and entry.name == "public" and entry.creates

    def arguments(self, *, list_file: str | None = None) -> list[str]:
        """What pg_restore is called with, but for the connection; `list_file` holds what `listed` gives."""
        return list(self._arguments(list_file))

    def _arguments(self, list_file: str | None) -> Iterator[str]:
        if self.as_sql:
            yield "--file=-"
        else:
            yield from ("--exit-on-error", "--verbose", "--no-password")
            if self.single_transaction:
                yield "--single-transaction"
            if self.jobs > 1:
                yield f"--jobs={self.jobs}"
            if self.target.role is not None:
                yield f"--role={self.target.role}"
        if self.content is not Content.ALL:
            yield f"--{self.content}-only"
        if self.disable_triggers:
            yield "--disable-triggers"
        for wanted, option in (
            (self.owner, "--no-owner"),
            (self.privileges, "--no-privileges"),
            (self.subscriptions, "--no-subscriptions"),
            (self.tablespaces, "--no-tablespaces"),
        ):
            if not wanted:
                yield option
        if list_file is not None:
            yield f"--use-list={list_file}"
        yield os.path.abspath(self.contents.path)  # noqa: PTH100  resolve() would follow links; it never begins with -

    def psql_arguments(self) -> list[str]:
        """What psql is called with, but for the connection."""
        # --file=- and not nothing: only so does it say on which line of its input something is wrong.
        return [
            "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose", "--quiet", "--no-password", "--file=-",
        ]  # fmt: skip

    def command_lines(self, target: str) -> list[str]:
        """What will be run, for people: no secret is in it."""
        lines = []
        if self.program is not None:
            lines.append(_line(self.program, self.arguments(list_file="(entries below)" if self.needs_list else None)))
        else:
            lines.append(f"read {self.contents.path}")
        if self.psql is not None:
            how = _line(self.psql, self.psql_arguments())
            return [f"{lines[0]} |", f"  {how} --dbname={target!r}"]
        return [f"{lines[0]} --dbname={target!r}"]


def _line(program: ClientProgram, arguments: Iterable[str]) -> str:
    import shlex  # noqa: PLC0415  only a plan that is looked at needs it

    return shlex.join([str(program.path), *arguments])


def _is_about(entry: Entry) -> bool:
    return entry.kind in {"COMMENT", "SECURITY LABEL"}


def refuse_impossible(
    contents: Contents, *, content: Content, jobs: int, single_transaction: bool | None, disable_triggers: bool
) -> None:
    """Raise `RestoreError` for what can't be had of such a dump."""
    if jobs < 1:
        raise RestoreError(f"There is no restoring with {jobs} jobs.", cure="Take 1 or more.")
    if jobs > 1 and contents.format not in _PARALLEL:
        raise RestoreError(
            f"{jobs} jobs can't restore a {contents.format} dump: only custom and directory have members.",
            cure="Take one job.",
        )
    if jobs > 1 and single_transaction:
        raise RestoreError(
            "Several jobs are several sessions, and no single transaction.",
            cure="Take one job, or single_transaction=False.",
        )
    if disable_triggers and content is not Content.DATA:
        raise RestoreError(
            "Triggers are disabled only while rows alone are restored: a whole dump makes them after its rows.",
            cure="Take content='data', or leave disable_triggers out.",
        )
    if content is not Content.ALL and contents.plain is not None:
        raise RestoreError(f"{contents.path} is a plain dump: it is restored whole.", cure="Take content='all'.")
    if content is Content.DATA and not contents.has_data:
        raise RestoreError(f"{contents.path} holds no rows.", cure="Take content='all'.")
    if content is Content.SCHEMA and not contents.has_schema:
        raise RestoreError(f"{contents.path} holds rows alone.", cure="Take content='all'.")
    if contents.plain is None:
        return
    if contents.plain.is_cluster:
        raise RestoreError(
            f"{contents.path} is of pg_dumpall: it makes roles and goes from database to database.",
            cure="Run it with psql yourself, or dump the one database.",
        )
    if contents.plain.refused:
        raise RestoreError(
            f"{contents.path} is not run: {_some(contents.plain.refused)}.",
            cure="Was it made with pg_dump --create? Dump without it; and do not run what you do not know.",
        )


def _some(refused: Sequence[object]) -> str:
    most = 5
    more = f"; and {len(refused) - most} more" if len(refused) > most else ""
    return "; ".join(str(each) for each in refused[:most]) + more
