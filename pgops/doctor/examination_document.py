"""An examination for people: a section for each topic, a line for each sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.doctor.examination import Sign, State
from pgops.render.document import Badge, Bullets, Document, Line, Section, Strong, Text, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.doctor.examination import Examination
    from pgops.render.document import Content

_TITLES = {
    "machine": "This machine",
    "project": "The project",
    "connection": "The connection",
    "server": "The server",
    "checks": "Checks that would not answer here",
    "migrations": "Migrations",
    "backups": "Backups",
}
_MOST_NAMED = 6


def document_of(found: Examination) -> Document:
    """Everything, in the order in which it was looked at."""
    topics = list(dict.fromkeys(sign.topic for sign in found.signs))
    sections = [Section(_TITLES.get(topic, topic), [Bullets(list(_lines(found, topic)))]) for topic in topics]
    return Document("pgops doctor", subtitle=_verdict(found), blocks=sections)


def _verdict(found: Examination) -> str:
    parts = [f"{len(found.bad)} to be done" if found.bad else "nothing to be done"]
    if found.unseen:
        parts.append(f"{len(found.unseen)} could not be looked at")
    return f"{', '.join(parts)}, {len(found.signs)} looked at"


def _lines(found: Examination, topic: str) -> Iterator[Content]:
    for sign in found.of(topic):
        shown: list[str | Strong | Badge | Text] = [Badge(str(sign.state), _tone(sign)), " ", Strong(sign.name), ": "]
        shown.append(sign.message)
        if sign.checks:
            shown.append(f" {_named(sign.checks)}")
        if sign.cure and sign.state is not State.OK:
            shown += [" ", Text(f"→ {' '.join(sign.cure.split())}", Tone.INFO)]
        yield Line(*shown)


def _tone(sign: Sign) -> Tone:
    if sign.state is State.OK:
        return Tone.GOOD
    if not sign.matters:
        return Tone.MUTED
    return Tone.CRITICAL if sign.state is State.UNSEEN else Tone.WARNING


def _named(checks: tuple[str, ...]) -> str:
    shown = ", ".join(checks[:_MOST_NAMED])
    left = len(checks) - _MOST_NAMED
    return f"({shown}, and {left} more)" if left > 0 else f"({shown})"
