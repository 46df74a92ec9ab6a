"""What a statement does to relations that were there before it."""

from __future__ import annotations

import attrs

from pgops.migrations.effects.locks import LockMode
from pgops.sql.statements import Name


@attrs.frozen
class Touch:
    """One relation: which lock it gets, and whether it is read or written whole while the lock is held."""

    relation: Name
    lock: LockMode
    scan: bool = attrs.field(default=False, kw_only=True)
    rewrite: bool = attrs.field(default=False, kw_only=True)
    role: str = attrs.field(default="table", kw_only=True)
    """"table", "index", "referenced table", "parent", "partition", "default partition", "table of the index" ..."""
    is_every: bool = attrs.field(default=False, kw_only=True)
    """The relation stands for all of its kind: every partition of it, every table that references it."""


@attrs.frozen(kw_only=True)
class Effect:
    """What a statement does, as far as it is known."""

    touches: tuple[Touch, ...] = ()
    perhaps: tuple[Touch, ...] = ()
    """What it does besides, if there is such a relation: only a catalogue could tell. `relation` is then the nearest
    one that is named, and `role` says what would be touched: its default partition, say.
    """
    own_unit: bool = False
    """PostgreSQL refuses it inside a transaction (25001)."""
    waits_for_snapshots: bool = False
    """It waits for transactions that only read, too, on any table of the database."""
    fails: str | None = None
    """Why this version refuses it whatever the rows, with the SQLSTATE in front."""
    unknown: str | None = None
    """Why nothing certain can be said. Never to be taken for harmless."""

    @property
    def strongest(self) -> Touch | None:
        """The touch that hurts most: by what is blocked, then rewrite, then scan."""
        return max(self.touches, key=lambda each: (each.lock, each.rewrite, each.scan), default=None)

    @property
    def is_long(self) -> bool:
        """Whether a relation is read or written whole."""
        return any(each.scan or each.rewrite for each in self.touches)

    def on(self, relation: Name) -> Touch | None:
        """What it does to one relation."""
        return next((each for each in self.touches if each.relation == relation), None)


def joined(effects: tuple[Effect, ...]) -> Effect:
    """The effect of several actions in one statement: of each relation the worst."""
    worst: dict[tuple[Name, str], Touch] = {}
    for each in (touch for effect in effects for touch in effect.touches):
        key = (each.relation, each.role)
        known = worst.get(key)
        worst[key] = (
            each
            if known is None
            else attrs.evolve(
                each,
                lock=max(known.lock, each.lock),
                scan=known.scan or each.scan,
                rewrite=known.rewrite or each.rewrite,
                is_every=known.is_every or each.is_every,
            )
        )
    return Effect(
        touches=tuple(worst.values()),
        perhaps=tuple(dict.fromkeys(each for effect in effects for each in effect.perhaps)),
        own_unit=any(each.own_unit for each in effects),
        waits_for_snapshots=any(each.waits_for_snapshots for each in effects),
        fails=next((each.fails for each in effects if each.fails), None),
        unknown=next((each.unknown for each in effects if each.unknown), None),
    )
