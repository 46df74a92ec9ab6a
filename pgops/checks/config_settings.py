"""`[checks]` of postgres.toml, held against the registry: limits, limits for some objects, suppressions, a folder.

    [checks."indexes.unused_index"]         # or, without quotes, [checks.indexes.unused_index]; or an alias
    min_bytes = 10_000_000

    [[checks.for]]                          # for the objects that the glob matches
    check = "missing_fk_indexes"
    target = "audit.*"
    limits = { min_rows = 100_000 }

    [[checks.suppress]]
    check = "indexes.*"
    target = "legacy.*"
    reason = "goes away with the old shop"
    until = 2027-01-31

The config knows no checks and keeps these tables as they stand. Here every name and type is looked at, and what is
wrong is a `ConfigError` with file, line, key and the nearest right name.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from pgops.checks.catalogue import default_registry
from pgops.checks.check_settings import CheckSettings, ObjectLimits, bounds_for
from pgops.checks.registry import Registry
from pgops.checks.sql_files import with_checks_of
from pgops.checks.suppress import BadSuppressionError, Suppression
from pgops.config.document import kind_of, spelled
from pgops.config.model import Config
from pgops.errors import BadLimitError, ConfigError, did_you_mean

if TYPE_CHECKING:
    from pgops.checks.api import Check

    Key = str | int

_RULES = ("for", "suppress")
_OWN_KEYS = (*_RULES, "folder")


def check_settings(config: Config, *, registry: Registry | None = None) -> CheckSettings:
    """What `config` sets for checks; `registry` stands in for all that are installed.

    The project's own checks, in the folder that it names, may be set too. Raises `ConfigError` for the first thing that
    is wrong.
    """
    installed = registry if registry is not None else default_registry()
    folder = checks_folder(config, registry=installed)
    tables = _Tables(config, with_checks_of(installed, folder))
    return CheckSettings(
        limits=dict(_limits(tables)),
        for_objects=tuple(_for_objects(tables)),
        suppress=tuple(_suppressions(tables)),
        folder=folder,
    )


def checks_folder(config: Config, *, registry: Registry | None = None) -> Path | None:
    """Where the project has checks of its own, or None. Raises `ConfigError` for a folder outside its root."""
    return _folder(_Tables(config, registry if registry is not None else default_registry()))


@attrs.frozen
class _Tables:
    """The tables and what they are held against."""

    config: Config
    registry: Registry

    @property
    def said(self) -> Mapping[str, Any]:
        return self.config.checks.tables

    def wrong(self, what: str, *path: Key, cure: str = "") -> NoReturn:
        """Raise about one key; `what` continues its name."""
        key, line = spelled(("checks", *path)), self.config.checks.line(*path)
        raise ConfigError(f"{key} {what}", path=str(self.config.path), line=line, key=key, cure=cure)

    def must_be(self, wanted: str, value: object, *path: Key, cure: str = "") -> NoReturn:
        self.wrong(f"is {kind_of(value)}, and must be {wanted}.", *path, cure=cure)

    def checks_called(self, name: str, *path: Key) -> list[Check[Any, Any]]:
        """The checks of that id or alias. `path` is where the name stands."""
        if name in self.registry.topics:
            ids = ", ".join(check.id for check in self.registry.checks if check.topic == name)
            self.wrong(f"names a topic, {name!r}, where a check is wanted.", *path, cure=f"Name one of {ids}.")
        found = [entry.check for entry in self.registry.named(name)]
        if not found:
            self.wrong(f"names no check: {name!r}.", *path, cure=self.nearest(name, self.check_names))
        return found

    @property
    def check_names(self) -> list[str]:
        """The ids and aliases."""
        return [name for name in self.registry.names if name not in self.registry.topics]

    def nearest(self, name: str, names: Iterable[str]) -> str:
        """The nearest name; and the plugins that are missing, since it may be one of theirs."""
        missing = ", ".join(plugin.name for plugin in self.registry.broken)
        excuse = f"A plugin could not take part, and may have it: {missing}." if missing else ""
        return " ".join(filter(None, (did_you_mean(name, names) or "`pgops list` shows all.", excuse)))

    def rules(self, name: str, known: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The tables of `[[checks.<name>]]`, each with its number and no keys but those known."""
        found = self.said.get(name, ())
        cure = f"Write [[checks.{name}]] in double brackets, once for each."
        if not isinstance(found, tuple):
            self.must_be("an array of tables", found, name, cure=cure)
        for at, rule in enumerate(found):
            if not isinstance(rule, Mapping):
                self.must_be("a table", rule, name, at, cure=cure)
            for key in rule:
                if key not in known:
                    cure = did_you_mean(key, known) or f"It has {', '.join(known)}."
                    self.wrong("is not known.", name, at, key, cure=cure)
            for key in needed:
                if key not in rule:
                    self.wrong(f"has no {key}.", name, at, cure=f"It needs {', '.join(needed)}.")
            for key in ("check", "target", "reason"):
                if key in rule and not (isinstance(rule[key], str) and rule[key].strip()):
                    wanted = "a text in quotes, and not an empty one"
                    self.must_be(wanted, rule[key], name, at, key)
            yield at, dict(rule)


# --- limits ----------------------------------------------------------------------------------------------------------


def _limits(tables: _Tables) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """By id or alias. A table that is called like a topic holds the checks of it: that is how TOML reads a bare dot."""
    seen: dict[tuple[str, str], tuple[Key, ...]] = {}
    for path, name, values in _tables_of_limits(tables):
        if not isinstance(values, Mapping):
            tables.must_be("a table of limits", values, *path, cure=f"Write [checks.{spelled((name,))}].")
        for check in tables.checks_called(name, *path):
            for limit, value in values.items():
                other = seen.setdefault((check.id, limit), path)
                if other != path:
                    there = spelled(("checks", *other))
                    what = f"sets a limit of {check.id} that {there} sets too."
                    tables.wrong(what, *path, limit, cure="Take one of them out.")
                _refuse_wrong(tables, check, CheckSettings(limits={name: {limit: value}}), *path, limit)
        yield name, dict(values)


def _tables_of_limits(tables: _Tables) -> Iterator[tuple[tuple[Key, ...], str, object]]:
    for name, values in tables.said.items():
        if name in _OWN_KEYS:
            continue
        known = name in tables.registry.topics or tables.registry.named(name)
        inner = values.values() if isinstance(values, Mapping) else ()
        inner_tables = bool(inner) and all(isinstance(each, Mapping) for each in inner)
        nested = name in tables.registry.topics or (not known and inner_tables)
        if not (isinstance(values, Mapping) and nested):
            if not known:
                cure = tables.nearest(name, (*tables.check_names, *_OWN_KEYS))
                tables.wrong("names no check.", name, cure=cure)
            yield (name,), name, values
            continue
        for slug, limits in values.items():
            if not isinstance(limits, Mapping):
                tables.checks_called(name, name, slug)  # a limit of a whole topic
            yield (name, slug), f"{name}.{slug}", limits


def _for_objects(tables: _Tables) -> Iterator[ObjectLimits]:
    keys = ("check", "target", "limits")
    for at, rule in tables.rules("for", keys, keys):
        if not isinstance(rule["limits"], Mapping):
            cure = "Write limits = { name = value }."
            tables.must_be("a table", rule["limits"], "for", at, "limits", cure=cure)
        for check in tables.checks_called(rule["check"], "for", at, "check"):
            _refuse_wrong(tables, check, _for_one(rule, {}), "for", at, "check")
            for limit, value in rule["limits"].items():
                _refuse_wrong(tables, check, _for_one(rule, {limit: value}), "for", at, "limits", limit)
        yield ObjectLimits(check=rule["check"], target=rule["target"], limits=dict(rule["limits"]))


def _for_one(rule: Mapping[str, Any], limits: Mapping[str, Any]) -> CheckSettings:
    return CheckSettings(for_objects=(ObjectLimits(check=rule["check"], target=rule["target"], limits=limits),))


def _refuse_wrong(tables: _Tables, check: Check[Any, Any], settings: CheckSettings, *path: Key) -> None:
    try:
        bounds_for(check, settings)
    except BadLimitError as error:
        tables.wrong(f"is wrong: {error.what}", *path, cure=error.cure)


# --- suppressions and the folder -------------------------------------------------------------------------------------


def _suppressions(tables: _Tables) -> Iterator[Suppression]:
    known = ("check", "target", "reason", "until")
    for at, rule in tables.rules("suppress", known, ("check", "reason")):
        names = {name for check in tables.registry.checks for name in (check.id, check.topic, *check.aliases)}
        if not any(fnmatchcase(name, rule["check"]) for name in names):
            cure = tables.nearest(rule["check"], names)
            tables.wrong(f"fits no check: {rule['check']!r}.", "suppress", at, "check", cure=cure)
        until = rule.get("until")
        if until is not None and (isinstance(until, dt.datetime) or not isinstance(until, dt.date)):
            cure = "Write a day without quotes: until = 2027-01-31."
            tables.must_be("a date", until, "suppress", at, "until", cure=cure)
        try:
            yield Suppression(**rule)
        except BadSuppressionError as error:
            tables.wrong(f"is wrong: {error.what}", "suppress", at, cure=error.cure)


def _folder(tables: _Tables) -> Path | None:
    """Where the project has checks of its own, absolute. They are SQL to run, so it has to be within the root."""
    said = tables.said.get("folder")
    if said is None:
        return None
    if not isinstance(said, str) or not said.strip() or "\0" in said:
        tables.must_be("the path of a folder", said, "folder")
    root = tables.config.root
    folder = Path(os.path.normpath(root / said))
    if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root)):
        tables.wrong(f"leads out of the project root, {root}.", "folder", cure="Keep the project's checks within it.")
    return folder
