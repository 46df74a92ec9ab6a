"""The registry: every check that is known, by id, alias and topic, from this package and from plugins.

Ids, aliases and topics share one namespace, so that any name means one thing wherever it is written: in a call, on the
command line, in the config, in a suppression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.checks.api import Check
from pgops.errors import DuplicateCheckError, UnknownCheckError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType


OWN = "pgops"


@attrs.frozen
class Registered:
    """A check and the plugin it comes from. Only pgops' own checks may share a message with their settings."""

    check: Check[Any, Any]
    origin: str

    @property
    def trusted(self) -> bool:
        return self.origin == OWN


@attrs.frozen
class BrokenPlugin:
    """A plugin that could not be loaded or whose hook failed, and why. The rest goes on without it."""

    name: str
    error: str


@attrs.frozen
class Registry:
    """An ordered, unchanging set of checks. `broken` names the plugins that could not take part.

    Raises `DuplicateCheckError` when two checks claim one id, or a name would mean two things.
    """

    entries: tuple[Registered, ...]
    broken: tuple[BrokenPlugin, ...] = ()
    _by_id: dict[str, Registered] = attrs.field(init=False, repr=False, eq=False)
    _by_alias: dict[str, tuple[Registered, ...]] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        by_id: dict[str, Registered] = {}
        by_alias: dict[str, tuple[Registered, ...]] = {}
        for entry in self.entries:
            other = by_id.setdefault(entry.check.id, entry)
            if other is not entry:
                raise DuplicateCheckError(
                    f"The check {entry.check.id!r} is declared twice: by {other.origin} and by {entry.origin}.",
                    cure="Rename or uninstall one of them.",
                )
            for alias in entry.check.aliases:
                by_alias[alias] = (*by_alias.get(alias, ()), entry)
        topics = {entry.check.topic: entry for entry in self.entries}
        for alias, entries in by_alias.items():
            clash = topics.get(alias)
            if clash:
                raise DuplicateCheckError(
                    f"{alias!r} is an alias of {entries[0].check.id} ({entries[0].origin}) "
                    f"and the topic of {clash.check.id} ({clash.origin}).",
                    cure="Rename the alias.",
                )
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_by_alias", by_alias)

    @classmethod
    def of(cls, checks: Iterable[Check[Any, Any]], *, origin: str = "the caller") -> Registry:
        """A registry of just these checks."""
        return cls(tuple(Registered(check, origin) for check in checks))

    @property
    def checks(self) -> tuple[Check[Any, Any], ...]:
        return tuple(entry.check for entry in self.entries)

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entry.check.topic for entry in self.entries))

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that means something here: ids, aliases, topics."""
        return (*self._by_id, *self._by_alias, *self.topics)

    def named(self, name: str) -> tuple[Registered, ...]:
        """What an id, an alias or a topic stands for; empty if it is none."""
        if name in self._by_id:
            return (self._by_id[name],)
        if name in self._by_alias:
            return self._by_alias[name]
        return tuple(entry for entry in self.entries if entry.check.topic == name)

    def get(self, name: str) -> Check[Any, Any]:
        """The check with that id or alias. Raises `UnknownCheckError`, for an alias of several checks too."""
        found = self.named(name)
        if len(found) == 1 and name not in self.topics:
            return found[0].check
        if found:
            ids = ", ".join(entry.check.id for entry in found)
            kind = "is a topic" if name in self.topics else "stands for several checks"
            raise UnknownCheckError(f"{name!r} {kind}: {ids}.", cure="Name one of them.")
        raise UnknownCheckError(
            f"No check is called {name!r}.", cure=did_you_mean(name, self.names) or "list_checks() gives all."
        )

    def __iter__(self) -> Iterator[Registered]:
        return iter(self.entries)


def load_registry(own: ModuleType) -> Registry:
    """The checks of `own` and of every installed plugin (entry points of the group `pgops`).

    A plugin that fails to import, that implements no hook, whose hook raises, or that gives anything but checks is
    named in `broken`.
    """
    import importlib.metadata  # noqa: PLC0415  these two cost as much as the rest of a start, so only here

    import pluggy  # noqa: PLC0415

    from pgops import hooks  # noqa: PLC0415

    manager = pluggy.PluginManager("pgops")
    manager.add_hookspecs(hooks)
    manager.register(own, name=OWN)
    entries = _asked(own.pgops_checks, OWN)  # a fault of our own is no plugin's: it raises
    broken = []
    found = importlib.metadata.entry_points(group=hooks.ENTRY_POINT_GROUP)
    for entry_point in sorted(found, key=lambda entry_point: entry_point.name):
        try:
            plugin = entry_point.load()
            manager.register(plugin, name=entry_point.name)
            if not any(hook.spec for hook in manager.get_hookcallers(plugin) or ()):
                raise TypeError("it implements none of pgops' hooks: is @pgops.hookimpl missing?")
        except (Exception, SystemExit) as error:
            broken.append(BrokenPlugin(entry_point.name, _described(error)))
    for call in manager.hook.pgops_checks.get_hookimpls():
        if call.plugin is own:
            continue
        try:
            entries += _asked(call.function, call.plugin_name)
        except DuplicateCheckError:
            raise
        except (Exception, SystemExit) as error:
            broken.append(BrokenPlugin(call.plugin_name, _described(error)))
    return Registry(tuple(entries), tuple(broken))


def _asked(hook: Any, plugin: str) -> list[Registered]:
    from pgops.checks.api import Check  # noqa: PLC0415

    checks = list(hook())
    strangers = [check for check in checks if not isinstance(check, Check)]
    if strangers:
        raise TypeError(f"pgops_checks() gave {type(strangers[0]).__name__}, and it has to give Check objects")
    return [Registered(check, plugin) for check in checks]


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
