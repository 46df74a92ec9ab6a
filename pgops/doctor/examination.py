"""What an examination gives: signs in order, each with what was seen and what to do about it. Plain, frozen data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from pgops.findings import as_json, as_tuple

if TYPE_CHECKING:
    from pgops.render.document import Document

SCHEMA = "pgops.doctor/1"


class State(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    """It is there, and not as it should be."""
    MISSING = "missing"
    UNSEEN = "could not look"


@attrs.frozen(kw_only=True)
class Sign:
    """One thing that was looked at."""

    topic: str
    """`machine`, `project`, `connection`, `server`, `checks`, `migrations`, `backups`."""
    name: str
    state: State
    message: str
    cure: str = ""
    """What to do: a command, SQL, or a sentence; empty where there is nothing to be done."""
    matters: bool = True
    """False where pgops works without it, and only less can be done."""
    checks: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    """The ids of the checks that it keeps from answering."""

    @property
    def is_bad(self) -> bool:
        """Whether something is to be done: a warning, or something missing that matters."""
        return self.matters and self.state in (State.WARNING, State.MISSING)


@attrs.frozen(kw_only=True)
class Examination:
    """All signs, in the order in which one depends on the other.

    >>> sign = Sign(topic="machine", name="psql", state=State.MISSING, message="There is none.", cure="Install it.")
    >>> found = Examination(signs=(sign,))
    >>> found.ok, found.bad == found.signs, found.unseen
    (False, True, ())
    """

    signs: tuple[Sign, ...] = attrs.field(converter=as_tuple)
    database: str | None = None
    """The database that is meant, its secrets masked; None where none is."""
    profile: str | None = None
    because: str | None = None
    """Why this database."""
    connection: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    """The facts of `pgops.connection_info`, as JSON types; None where there is no connection."""
    dependencies: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    """The facts of `pgops.check_deps`; None without libpq."""

    @property
    def bad(self) -> tuple[Sign, ...]:
        """The signs that ask for something to be done."""
        return tuple(sign for sign in self.signs if sign.is_bad)

    @property
    def unseen(self) -> tuple[Sign, ...]:
        """What could not be looked at: no good answer either."""
        return tuple(sign for sign in self.signs if sign.state is State.UNSEEN and sign.matters)

    @property
    def ok(self) -> bool:
        """Whether everything was seen, and nothing is to be done."""
        return not self.bad and not self.unseen

    def of(self, topic: str) -> tuple[Sign, ...]:
        """The signs of one topic."""
        return tuple(sign for sign in self.signs if sign.topic == topic)

    def __getitem__(self, name: str) -> Sign:
        """The first sign of that name. Raises `KeyError`."""
        for sign in self.signs:
            if sign.name == name:
                return sign
        raise KeyError(name)

    def to_document(self) -> Document:
        """It for people, through any writer."""
        from pgops.doctor.examination_document import document_of  # noqa: PLC0415  only who shows it needs a writer

        return document_of(self)

    def to_facts(self) -> dict[str, Any]:
        """It in JSON's own types; no secret is in it."""
        return {
            "schema": SCHEMA,
            "ok": self.ok,
            "database": self.database,
            "profile": self.profile,
            "because": self.because,
            "connection": self.connection,
            "dependencies": self.dependencies,
            "signs": [{**attrs.asdict(sign), "state": str(sign.state), "is_bad": sign.is_bad} for sign in self.signs],
        }

    def to_json(self, *, indent: int | None = 2) -> str:
        """It as JSON of the shape `pgops.doctor/1`."""
        return json.dumps(as_json(self.to_facts()), indent=indent, ensure_ascii=False)
