"""Every lint rule there is: pgops' own are the files in `rules/`, others come from plugins."""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
from typing import TYPE_CHECKING, cast

from pgops import hooks
from pgops.errors import BadRuleError, UnknownRuleError, did_you_mean
from pgops.migrations.lint import rules
from pgops.migrations.lint.api import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

log = logging.getLogger("pgops.migrations")


def own_rules() -> tuple[Rule, ...]:
    """pgops' own, by their ids: each module of `rules` that does not start with an underscore has one."""
    names = sorted(each.name for each in pkgutil.iter_modules(rules.__path__) if not each.name.startswith("_"))
    return tuple(importlib.import_module(f"{rules.__name__}.{name}").RULE for name in names)


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """pgops' own rules and those of installed plugins, loaded once a process.

    A plugin that fails to import, whose hook raises, or that gives anything but rules is logged by name and left out.
    Raises `BadRuleError` when two rules have one id or alias.
    """
    return with_plugins(own_rules())


def with_plugins(own: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules in `own` and those of installed plugins (entry points of the group `pgops`)."""
    import importlib.metadata  # noqa: PLC0415  these two cost as much as all rules, so only here

    import pluggy  # noqa: PLC0415

    manager = pluggy.PluginManager("pgops")
    manager.add_hookspecs(hooks)
    found = importlib.metadata.entry_points(group=hooks.ENTRY_POINT_GROUP)
    for entry_point in sorted(found, key=lambda entry_point: entry_point.name):
        try:
            manager.register(entry_point.load(), name=entry_point.name)
        except (Exception, SystemExit) as error:  # a stranger's code: whatever it raises is its own
            _left_out(entry_point.name, error)
    rules = list(own)
    for call in manager.hook.pgops_lint_rules.get_hookimpls():
        try:
            given: list[object] = list(cast("Iterable[object]", call.function()))
            strangers = [type(each).__name__ for each in given if not isinstance(each, Rule)]
            if strangers:
                raise TypeError(f"pgops_lint_rules() gave {strangers[0]}, and it has to give Rule objects")
        except (Exception, SystemExit) as error:
            _left_out(call.plugin_name, error)
            continue
        rules += [each for each in given if isinstance(each, Rule)]
    return without_doubles(rules)


def _left_out(plugin: str, error: BaseException) -> None:
    log.warning("The lint rules of plugin %s are left out: %s: %s", plugin, type(error).__name__, error)


def without_doubles(found: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules as they are; `BadRuleError` names two that share an id or alias."""
    known: dict[str, Rule] = {}
    for rule in found:
        for name in (rule.id, *rule.aliases):
            if name in known:
                raise BadRuleError(f"Two lint rules are called {name!r}.", cure="Rename one, or uninstall its plugin.")
            known[name] = rule
    return tuple(dict.fromkeys(known.values()))


def get_rule(name: str, among: Sequence[Rule] | None = None) -> Rule:
    """The rule called `name`. Raises `UnknownRuleError`, which suggests the nearest.

    >>> get_rule("char-type").kind.value
    'style'
    """
    known = {each: rule for rule in (all_rules() if among is None else among) for each in (rule.id, *rule.aliases)}
    if name not in known:
        raise UnknownRuleError(f"No lint rule is called {name!r}.", cure=did_you_mean(name, known))
    return known[name]
