"""What one file mentions, put together: each URL, and the variables that together say where one database is.

Variables of one scope are taken together by family (PG..., DB_...), and the families and a URL variable too where they
complete or repeat one another. Where they contradict one another they mean two databases.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import attrs

from pgops.config.scanning.candidates import Candidate, CandidateKind, Origin
from pgops.config.scanning.mentions import ENGINES, KEYWORDS, Mention
from pgops.config.scanning.url_texts import is_dynamic, parsed_url
from pgops.conninfo import SSLMODES, Conninfo
from pgops.errors import ConninfoError
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NEEDED = ("host", "dbname", "user")
_OTHER_ENGINE = re.compile(r"mysql|maria|sqlite|mssql|sqlsrv|sqlserver|oracle|mongo", re.IGNORECASE)
_KEYWORD_STRING = re.compile(r"\s*(?:host|hostaddr|dbname|user|service|port)\s*=")

_MOST_COMPARED = 100
"""A file with more groups is no settings file, and each would be compared with each."""

_Part: TypeAlias = tuple[Secret, Origin]


@attrs.frozen(kw_only=True)
class _Group:
    """Parts that belong together, by libpq keyword."""

    parts: dict[str, _Part]
    scope: int
    kind: CandidateKind
    is_variable: bool = True
    """False for a URL in the open text, which nothing completes."""
    left_out: tuple[str, ...] = ()

    @property
    def key(self) -> frozenset[tuple[str, Secret]]:
        """What two groups that say the same have in common."""
        return frozenset((keyword, value) for keyword, (value, _) in self.parts.items())

    @property
    def line(self) -> int:
        return min(origin.line for _, origin in self.parts.values())

    def agrees(self, other: _Group) -> bool:
        return all(self.parts[key][0] == other.parts[key][0] for key in self.parts.keys() & other.parts.keys())

    def fits(self, other: _Group) -> bool:
        """Whether the two belong together: a password of another scope may be another database's."""
        return self.scope == other.scope and self.agrees(other)

    def joined(self, other: _Group) -> _Group:
        return attrs.evolve(
            self,
            parts={**other.parts, **self.parts},
            kind=self.kind if self.kind is other.kind else CandidateKind.VARIABLES,
            left_out=self.left_out + other.left_out,
        )


def candidates_of(file: Path, mentions: Iterable[Mention]) -> list[Candidate]:
    """The candidates of one file, by line. What names neither host, database nor user is none."""
    said = list(mentions)
    groups: dict[frozenset[tuple[str, Secret]], _Group] = {}
    for group in [*_urls(said), *_families(said)]:
        groups.setdefault(group.key, group)
    alone = [group for group in groups.values() if not group.is_variable]
    joined = _joined([group for group in groups.values() if group.is_variable]) + alone
    found = [_candidate(file, group) for group in joined if group.parts.keys() & {*_NEEDED, "hostaddr", "service"}]
    return sorted((each for each in found if each is not None), key=lambda each: each.line)


def _joined(groups: list[_Group]) -> list[_Group]:
    """The groups of variables, those that fit made one."""
    if len(groups) > _MOST_COMPARED:
        return groups
    joined: list[_Group] = []
    for group in groups:
        partners = [other for other in joined if group.fits(other)]
        if len(partners) == 1:  # with several it would be a guess
            joined[joined.index(partners[0])] = partners[0].joined(group)
        elif not any(other.parts.keys() >= group.parts.keys() for other in partners):
            joined.append(group)
    return joined


def _candidate(file: Path, group: _Group) -> Candidate | None:
    try:
        target = Conninfo({}).with_(
            **{key: value if key == "password" else value.reveal() for key, (value, _) in group.parts.items()}
        )
    except ConninfoError:
        return None
    return Candidate(
        file=file,
        line=group.line,
        kind=group.kind,
        target=target,
        origins=tuple(origin for _, origin in group.parts.values()),
        left_out=group.left_out,
    )


# --- URLs ------------------------------------------------------------------------------------------------------------


def _urls(mentions: list[Mention]) -> Iterable[_Group]:
    for each in mentions:
        if each.name and each.name in (*KEYWORDS, *ENGINES):
            continue
        parsed = None if is_dynamic(each.value.reveal()) else _parsed(each.value)
        if parsed is not None:
            target, left_out = parsed
            known: dict[str, Secret] = {key: Secret(value) for key, value in target.params.items() if value}
            known |= target.secrets
            if target.password is not None:
                known["password"] = target.password
            name = each.name or "URL"
            yield _Group(
                parts={key: (value, Origin(key, name, each.line)) for key, value in known.items()},
                scope=each.scope,
                kind=CandidateKind.URL,
                is_variable=bool(each.name),
                left_out=left_out,
            )


def _parsed(text: Secret) -> tuple[Conninfo, tuple[str, ...]] | None:
    found = parsed_url(text)
    if found is not None or not _KEYWORD_STRING.match(text.reveal()):
        return found if found is not None and found[0].params else None
    try:
        return Conninfo.parse(text.reveal()), ()
    except ConninfoError:
        return None


# --- variables -------------------------------------------------------------------------------------------------------


def _families(mentions: list[Mention]) -> Iterable[_Group]:
    others = {each.scope for each in mentions if each.name in ENGINES and _OTHER_ENGINE.search(each.value.reveal())}
    families: dict[tuple[int, str], dict[str, _Part]] = {}
    for each in mentions:
        keyword = KEYWORDS.get(each.name)
        if keyword is None or not _is_right(keyword, each.value.reveal()):
            continue
        family = each.name[:2]
        if family == "DB" and each.scope in others:
            continue
        parts = families.setdefault((each.scope, family), {})
        before = parts.get(keyword)
        if before is None or before[1].name == each.name:  # set again, the later one counts; DB_NAME beats DB_DATABASE
            parts[keyword] = (each.value, Origin(keyword, each.name, each.line))
    for (scope, _), parts in families.items():
        yield _Group(parts=parts, scope=scope, kind=CandidateKind.VARIABLES)


def _is_right(keyword: str, value: str) -> bool:
    """Whether libpq would take it. A password may be anything that can be sent; nothing else has controls or a URL."""
    if keyword == "port":
        return value.isascii() and value.isdigit() and 0 < int(value[:6]) < 65536
    if keyword == "sslmode":
        return value in SSLMODES
    try:
        value.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return False
    return "\0" not in value and (keyword == "password" or (value.isprintable() and "://" not in value))
