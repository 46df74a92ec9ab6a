"""What a statement of a proposed script is: its kind, whether it allows a transaction around it, what lasts behind it.

From its text alone. What it locks and how long that takes is a migration's question: `pgops.migrations.propose`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.sql.script import Statement

READS, ROWS, DEFINES, TENDS, SETS, CONTROLS, UNKNOWN = (
    "reads",
    "changes rows",
    "changes definitions",
    "maintenance",
    "a setting",
    "transaction control",
    "can do anything",
)
"""The kinds, in words for people."""

_KINDS: dict[type[Any], str] = {
    s.Select: READS,
    s.Change: ROWS,
    s.Truncate: ROWS,
    s.RefreshView: ROWS,
    s.Vacuum: TENDS,
    s.Reindex: TENDS,
    s.Cluster: TENDS,
    s.SetVariable: SETS,
    s.TransactionControl: CONTROLS,
    s.Do: UNKNOWN,
    s.Call: UNKNOWN,
}

_KEPT_BY_THE_SESSION = frozenset({"prepare", "deallocate", "listen", "unlisten", "load", "discard", "declare cursor"})
_ALLOW_NO_TRANSACTION = frozenset({"commit prepared", "rollback prepared"})


def kind_of(statement: Statement) -> str:
    """Its kind, one of the words above."""
    meaning = statement.meaning
    if isinstance(meaning, s.Copy):
        return ROWS if meaning.is_from else READS
    if isinstance(meaning, s.Other):
        return f"something else ({meaning.what})"
    return _KINDS.get(type(meaning), DEFINES)


def allows_no_transaction(meaning: s.Meaning) -> bool:
    """Whether PostgreSQL refuses it in a transaction block (manual, the pages of the commands; 14 to 18).

    What can't be seen from the text (CLUSTER or REINDEX of a partitioned table, a procedure that commits) is not known.
    """
    match meaning:
        case s.NoTransaction():
            return True
        case s.CreateIndex(concurrently=True) | s.Drop(concurrently=True):
            return True
        case s.Reindex(concurrently=concurrently, kind=kind):
            return concurrently or kind in {"schema", "database", "system"}
        case s.Vacuum(analyze_only=only):
            return not only
        case s.Cluster(table=None):
            return True
        case s.CreateSubscription(creates_slot=creates):
            return creates
        case s.AlterTable(actions=actions):
            return any(isinstance(each, s.DetachPartition) and each.concurrently for each in actions)
        case s.TransactionControl(verb=verb):
            return verb in _ALLOW_NO_TRANSACTION
        case s.Other(what="discard"):
            return True
        case _:
            return False


def lasts_in_session(meaning: s.Meaning) -> bool:
    """Whether what it does lives in the session: behind a transaction pooler that is somebody else's next."""
    match meaning:
        case s.SetVariable(is_local=is_local):
            return not is_local
        case s.CreateTable(is_temporary=True) | s.CreateView(is_temporary=True) | s.CreateSequence(is_temporary=True):
            return True
        case s.Other(what=what):
            return what in _KEPT_BY_THE_SESSION
        case _:
            return False


def leaves_open(statements: tuple[Statement, ...]) -> bool:
    """Whether the script's own transaction commands begin a transaction that none of them ends."""
    is_open = False
    for each in statements:
        if isinstance(each.meaning, s.TransactionControl):
            match each.meaning.verb:
                case "begin":
                    is_open = True
                case "commit" | "rollback":
                    is_open = each.meaning.chain
                case "prepare":
                    is_open = False
                case _:
                    pass
    return is_open


def warnings_of(statement: Statement) -> Iterator[str]:
    """What to look at twice before agreeing to a statement."""
    match statement.meaning:
        case s.Change(verb="update" | "delete" as verb, has_where=False, table=table):
            yield f"{verb.upper()} without WHERE: every row of {_dotted(table)}"
        case s.Truncate(cascade=cascade):
            yield "empties whole tables" + (", and those that refer to them (CASCADE)" if cascade else "")
        case s.Drop(cascade=cascade, kind=kind):
            yield f"drops a {kind}" + (" and whatever depends on it (CASCADE)" if cascade else "")
        case s.Copy(with_client=False):
            yield "reads or writes a file of the server's, or runs a program there"
        case s.Do() | s.Call():
            yield "can do anything that its role may"
        case s.Select(functions=functions) if functions:
            names = ", ".join(_dotted(each) for each in functions[:5])
            yield f"calls functions, which may change something: {names}"
        case s.Other(what=what):
            yield f"not known here ({what}): nothing is said of what it does"
        case _:
            pass


def _dotted(name: s.Name) -> str:
    return f"{name.schema}.{name.name}" if name.schema else name.name
