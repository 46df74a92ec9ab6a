"""Selecting checks by id, alias, topic, glob, or as objects; `!name` leaves out."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeAlias

from pgops.checks.api import Check
from pgops.checks.registry import Registered, Registry
from pgops.errors import UnknownCheckError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

Selector: TypeAlias = str | Check[Any, Any]


def select(registry: Registry, wanted: Selector | Iterable[Selector] | None = None) -> tuple[Registered, ...]:
    """The checks that `wanted` names, each once, in the registry's order.

    None means all but those that have to be asked for by name (`opt_in`); a topic or a glob does not name those either.
    Exclusions alone are taken from all. An empty list selects nothing. Raises `UnknownCheckError` for a selector that
    fits nothing, or nothing but `opt_in` checks.

    >>> from pgops.checks.catalogue import default_registry
    >>> [entry.check.id for entry in select(default_registry(), ["missing_fk_indexes"])]
    ['indexes.missing_fk_index']
    """
    usual = {entry.check.id: entry for entry in registry if not entry.check.opt_in}
    if wanted is None:
        return tuple(usual.values())
    selectors = as_selectors(wanted)
    taken: dict[str, Registered] = {}
    left_out: set[str] = set()
    for selector in selectors:
        if isinstance(selector, Check):
            taken[selector.id] = _registered(registry, selector)
        elif selector.startswith("!"):
            left_out |= {entry.check.id for entry in _matching(registry, selector[1:], exclude=True)}
        else:
            taken |= {entry.check.id: entry for entry in _matching(registry, selector)}
    if selectors and all(isinstance(selector, str) and selector.startswith("!") for selector in selectors):
        taken = usual
    order = {entry.check.id: position for position, entry in enumerate(registry)}
    chosen = [entry for id_, entry in taken.items() if id_ not in left_out]
    return tuple(sorted(chosen, key=lambda entry: order.get(entry.check.id, len(order))))


def as_selectors(wanted: Selector | Iterable[Selector] | None) -> list[Selector]:
    """The single selectors of what a caller may write, which may be one, many or none."""
    if wanted is None or isinstance(wanted, (str, Check)):
        return [] if wanted is None else [wanted]
    selectors = list(wanted)
    for selector in selectors:
        if not isinstance(selector, (str, Check)):
            raise TypeError(f"checks are selected by names and Check objects, and {selector!r} is neither")
    return selectors


def _registered(registry: Registry, check: Check[Any, Any]) -> Registered:
    """The registry's own entry for this very object; anything else is a stranger and not trusted."""
    known = registry.named(check.id)
    return known[0] if known and known[0].check is check else Registered(check, "the caller")


def _matching(registry: Registry, selector: str, *, exclude: bool = False) -> tuple[Registered, ...]:
    found = registry.named(selector)
    by_name = bool(found) and selector not in registry.topics
    if not found:
        found = tuple(
            entry
            for entry in registry
            if any(fnmatchcase(name, selector) for name in (entry.check.id, *entry.check.aliases))
        )
    if not found:
        raise UnknownCheckError(
            f"The selector {selector!r} fits no check.",
            cure=did_you_mean(selector, registry.names) or "`pgops list` shows all of them.",
        )
    if by_name or exclude:
        return found
    usual = tuple(entry for entry in found if not entry.check.opt_in)
    if not usual:
        ids = ", ".join(entry.check.id for entry in found)
        raise UnknownCheckError(
            f"The selector {selector!r} fits only checks that run when they are named: {ids}.", cure="Name them."
        )
    return usual
