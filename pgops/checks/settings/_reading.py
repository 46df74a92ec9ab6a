"""What the checks of settings share: how a setting is read, said and set right.

A setting's value is the one that a new session of this role in this database gets (`reset_val`): what a session has
set for itself, and what pgops sets for its own looks, is nobody's configuration. `source` says where it comes from;
one that stands on a database or role is mended there, and one from the command line can't be mended by SQL at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import attrs

from pgops.checks.judging import quote_literal
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier
from pgops.render.quantities import duration, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, LiteralString

    from pgops.checks.api import Judge, Seen
    from pgops.db.server import Server


@attrs.frozen(kw_only=True)
class Setting:
    """One setting as pg_settings has it. Numbers are texts in its own unit."""

    name: str
    value: str
    """What a new session of this role in this database gets."""
    unit: str | None
    built_in: str | None
    """What the server would take were it set nowhere; initdb writes some others into postgresql.conf."""
    source: str
    """Where it comes from: `default`, `configuration file`, `global` (ALTER ROLE ALL), `database`, `user`, `client`,
    `command line` ..."""
    context: str
    """When it can be changed: `postmaster` at a restart, `sighup` at a reload, `user` in each session."""


_SQL: LiteralString = """
SELECT s.name,
       COALESCE(s.reset_val, s.setting, '') AS value,
       s.unit,
       s.boot_val AS built_in,
       s.source,
       s.context
  FROM pg_catalog.pg_settings AS s
 WHERE s.name IN ('<names>')
 ORDER BY s.name
"""


def settings_sql(*names: LiteralString) -> LiteralString:
    """A query for these settings. One that the server's version does not know gives no row."""
    return _SQL.replace("<names>", "', '".join(names))


def target_of(setting: Setting) -> Target:
    return Target("setting", None, setting.name)


_BYTES = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_UNIT = re.compile(r"(\d*)([A-Za-z]+)")


def in_bytes(setting: Setting) -> int:
    """The value of a setting of memory in bytes; negative ones (-1: not set) as they are."""
    number = int(setting.value)
    parts = _UNIT.fullmatch(setting.unit or "B")
    if number < 0 or parts is None:
        return number
    return number * int(parts[1] or 1) * _BYTES[parts[2]]


def in_seconds(setting: Setting) -> float:
    """The value of a setting of time in seconds; negative ones (-1: off) as they are."""
    number = float(setting.value)
    return number if number < 0 else number * _SECONDS[setting.unit or "s"]


def in_words(setting: Setting) -> str:
    """The value for people: `128 MiB`, `5 min`, `on`, `empty`."""
    kind = _UNIT.fullmatch(setting.unit or "")
    if kind is None or setting.value.startswith("-"):
        return setting.value or "empty"
    if kind[2] in _BYTES:
        return size(in_bytes(setting))
    return duration(in_seconds(setting))


def origin(setting: Setting, server: Server) -> str:
    """Where a value holds that is not the server's own, to be put behind it; otherwise an empty text."""
    return {
        "global": " for every role",
        "database": f" in the database {server.database}",
        "user": f" for the role {server.user}",
        "database user": f" for the role {server.user} in the database {server.database}",
    }.get(setting.source, "")


def quoted_name(name: str) -> str:
    """A setting's name in SQL: that of an extension has two parts."""
    return ".".join(quote_identifier(part) for part in name.split("."))


def remedy(setting: Setting, better: str, server: Server) -> str | None:
    """SQL that sets it to `better` where its value comes from, or None where that is out of SQL's reach."""
    name = quoted_name(setting.name)
    database, role = quote_identifier(server.database), quote_identifier(server.user)
    match setting.source:
        case "command line" | "environment variable":
            return None  # it goes before ALTER SYSTEM
        case "global":
            return f"ALTER ROLE ALL RESET {name};"
        case "database":
            return f"ALTER DATABASE {database} RESET {name};"
        case "user":
            return f"ALTER ROLE {role} RESET {name};"
        case "database user":
            return f"ALTER ROLE {role} IN DATABASE {database} RESET {name};"
    # One statement: ALTER SYSTEM is refused in one text with another, which is a transaction (tcop/postgres.c).
    return f"{_SERVER_WIDE} {name} = {quote_literal(better).strip()};"


_SERVER_WIDE = "ALTER SYSTEM SET"


def when_it_holds(fix: str | None, context: str) -> str:
    """A sentence that says when a remedy takes effect, or an empty text."""
    if fix is None or not fix.startswith(_SERVER_WIDE):
        return ""
    if context == "postmaster":
        return " A change takes effect at the next restart."
    return " A change takes effect with SELECT pg_reload_conf()."


def hidden(setting: Setting) -> Unseen:
    """What to say of a setting for which this very connection brings a value of its own along."""
    return Unseen(
        target_of(setting),
        f"this connection sets {setting.name} itself, so the server's own value can't be seen",
        f"Ask over a connection whose options do not set {setting.name}.",
    )


@attrs.frozen(kw_only=True)
class Rule:
    """When a setting's value is wrong, how bad that is, why, and what it had better be (None: a person decides)."""

    wrong: Callable[[Setting], bool]
    why: str
    severity: Severity = Severity.INFO
    better: str | None = None


Rules: TypeAlias = "Mapping[LiteralString, Rule]"


def be(value: str) -> Callable[[Setting], bool]:
    """A rule's `wrong`: the setting is this."""
    return lambda setting: setting.value == value


def not_be(*values: str) -> Callable[[Setting], bool]:
    """A rule's `wrong`: the setting is anything but these."""
    return lambda setting: setting.value not in values


def judge_by(rules: Rules) -> Judge[Setting, Any]:
    """A judgement that holds each setting against its rule."""
    by_name = {str(name): rule for name, rule in rules.items()}

    def judge(rows: Sequence[Setting], seen: Seen[Any]) -> Iterator[Finding | Unseen]:
        for setting in rows:
            rule = by_name[setting.name]
            if setting.source == "client":
                yield hidden(setting)
            elif rule.wrong(setting):
                yield finding(setting, rule, seen.server)

    return judge


def finding(setting: Setting, rule: Rule, server: Server) -> Finding:
    """What is said of a setting that breaks its rule."""
    fix = None if rule.better is None else remedy(setting, rule.better, server)
    said = f"{setting.name} is {in_words(setting)}{origin(setting, server)}: {rule.why}."
    said += when_it_holds(fix, setting.context)
    details = {"value": setting.value, "unit": setting.unit, "source": setting.source}
    return Finding(rule.severity, target_of(setting), said, fix, details=details)
