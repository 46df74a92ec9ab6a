"""What was seen of a statement, held against what lint says of it.

Left out, since it blocks nobody who is not blocked already: catalogues; ACCESS SHARE; and the index, TOAST table or
sequence of a table that is locked as hard itself. Whether UPDATE or SELECT read a table whole is the
planner's choice by size, so on a few rows it says nothing, and VACUUM's reading is never counted. A scan that could not
be seen, as a table of the statement has no rows, is no difference: PostgreSQL does not look at the other side of a
foreign key then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.effect import Touch
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.tracing.traced import SHORT, Difference, Observed, TracedStatement
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgops.migrations.tracing.standing import Standing
    from pgops.sql.statements import Meaning, Name


_FORESEEABLE = {"0A000", "42601", "42809", "42P16", "55000"}
"""What PostgreSQL refuses whatever the rows are, and whatever depends on the object. Lint claims to know these."""


def differences(
    traced: TracedStatement,
    seen: Mapping[int, Observed | None],
    stood: Standing,
    empty: frozenset[int],
    names: Mapping[Name, int] | None = None,
) -> tuple[Difference, ...]:
    """Where claim and observation of `traced` do not agree. `names` says what the claim's names mean."""
    return tuple(_differences(traced, seen, stood, empty, names or {}))


def _differences(
    traced: TracedStatement,
    seen: Mapping[int, Observed | None],
    stood: Standing,
    empty: frozenset[int],
    names: Mapping[Name, int],
) -> Iterator[Difference]:
    claim = traced.claim
    if claim.own_unit != traced.own_unit and (traced.alone or traced.own_unit):
        yield Difference("own unit", None, _allowed(claim.own_unit), _allowed(traced.own_unit))
    claimed_code = claim.fails.partition(":")[0] if claim.fails else ""
    if traced.failed is not None:
        foreseen = claimed_code or traced.failed in _FORESEEABLE
        if claim.unknown is None and foreseen and traced.failed not in {claimed_code, "25001"}:
            yield Difference("failure", None, claimed_code, f"{traced.failed} {traced.message}")
        return
    if claimed_code:
        yield Difference("failure", None, claim.fails or "", "")
        return
    claimed = _by_oid(claim.touches, names, stood)
    scans_tell = _scans_tell(traced.statement.meaning)
    # Foreign keys and triggers look at other tables for each row that is written: it depends on the rows.
    ignored = LockMode.ROW_EXCLUSIVE if isinstance(traced.statement.meaning, s.Change) else LockMode.ACCESS_SHARE
    rows_are_missing = any(oid in empty for oid in {*claimed, *seen})
    for oid in dict.fromkeys([*claimed, *seen]):
        relation = stood.relations[oid]
        touch, sight = claimed.get(oid), seen.get(oid)
        if touch is None:
            if claim.unknown is None and sight is not None and not sight.covered and not _is_light(sight, ignored):
                yield Difference("not claimed", relation.name, "", sight.short)
            continue
        lock, held = (sight.lock, sight.held) if sight is not None else (None, None)
        if touch.lock <= LockMode.ACCESS_SHARE and not (touch.scan or touch.rewrite) and sight is None:
            continue
        if sight is None:
            # An index that is dropped CONCURRENTLY is nobody's by the time that it is locked.
            passing = traced.alone and relation.kind in "iI"
            if claim.unknown is None and not passing:
                yield Difference("not seen", relation.name, _short(touch), "")
            continue
        if lock is None and traced.alone and relation.kind in "iI":
            continue
        if lock != touch.lock and not (held is not None and held >= touch.lock):
            yield Difference("lock", relation.name, _short(touch), sight.short)
            continue
        if claim.unknown is not None or not (scans_tell or touch.rewrite or sight.rewrite):
            continue
        if _weight(touch) != _weight(sight) and not (rows_are_missing and touch.scan and not sight.rewrite):
            yield Difference("rewrite or scan", relation.name, _short(touch), sight.short)


def _is_light(sight: Observed, ignored: LockMode) -> bool:
    return not sight.rewrite and (sight.lock or sight.held or ignored) <= ignored


def _allowed(own_unit: bool) -> str:
    return "no transaction allowed" if own_unit else "a transaction allowed"


def _by_oid(touches: tuple[Touch, ...], names: Mapping[Name, int], stood: Standing) -> dict[int, Touch]:
    """The claim by oid, of each relation the worst; what the script itself has made is nobody's yet."""
    worst: dict[int, Touch] = {}
    for each in touches:
        oid = names.get(each.relation)
        if oid is None or oid not in stood.relations:
            continue
        known = worst.get(oid)
        if known is None:
            worst[oid] = each
        else:
            worst[oid] = Touch(
                each.relation,
                max(known.lock, each.lock),
                scan=known.scan or each.scan,
                rewrite=known.rewrite or each.rewrite,
                role=known.role,
            )
    return worst


def _scans_tell(meaning: Meaning) -> bool:
    """Whether a scan that is seen, or not, says anything: VACUUM is never counted, and the planner goes by size."""
    match meaning:
        case s.Vacuum():
            return meaning.full
        case s.Change() | s.Select() | s.Copy() | s.CreateView() | s.CreateTable(as_query=True):
            return False
        case _:
            return True


def _weight(touch: Touch | Observed) -> str:
    return "rw" if touch.rewrite else "scan" if touch.scan else ""


def _short(touch: Touch) -> str:
    return f"{SHORT[touch.lock]} {_weight(touch)}".strip()
