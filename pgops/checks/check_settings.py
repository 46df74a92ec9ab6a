"""What a caller may set for checks: limits for all objects, limits for some, and suppressions.

Values are held against the check's `Limits` class: a wrong name or type is an error that names the nearest right one.
Beside the limits stands `severity`, which weighs the check's findings anew: `"info"` for all of them, or
`{"critical": "warning"}` for some.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import UnionType
from typing import Any, TypeAlias

import attrs

from pgops.checks.api import Check, Loosest
from pgops.checks.suppress import Suppression
from pgops.errors import BadLimitError, did_you_mean
from pgops.findings import Finding, Severity


@attrs.frozen(kw_only=True)
class ObjectLimits:
    """Limits of one check for the objects whose qualified, quoted name matches the case-sensitive glob `target`."""

    check: str
    target: str
    limits: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class CheckSettings:
    """Everything that a project sets for its checks. `limits` goes by id or alias, then by the name of the limit.

    Among the limits of a check `severity` is not one of them: it weighs the findings anew.
    """

    limits: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    for_objects: tuple[ObjectLimits, ...] = ()
    suppress: tuple[Suppression, ...] = ()
    folder: Path | None = None
    """Where the project's own checks are, if it has any."""


SEVERITY = "severity"
"""The key that no check can have as a limit."""

Weights: TypeAlias = Mapping[Severity, Severity]


@attrs.frozen(kw_only=True)
class ForObject:
    """What is set for the objects that match `pattern`, on top of what is set for all."""

    pattern: str
    limits: Any
    weights: Weights


@attrs.frozen(kw_only=True)
class Bounds:
    """The limits of one check in one run: for all (`limits`, and `shown` in results), for SQL, and for some objects."""

    limits: Any
    shown: Mapping[str, Any]
    parameters: Mapping[str, Any]
    weights: Weights = attrs.field(factory=dict)
    for_objects: tuple[ForObject, ...] = ()

    def of(self, check: Check[Any, Any]) -> Callable[[Any], Any] | None:
        """The function from a row to its limits, or None where all objects have the same."""
        if not self.for_objects:
            return None

        def limits_of(row: Any) -> Any:
            target = check.target_of(row)
            rule = None if target is None else self._rule_for(target.sql)
            return self.limits if rule is None else rule.limits

        return limits_of

    def weighed(self, findings: Sequence[Finding]) -> Sequence[Finding]:
        """The findings with the severities that the caller gives them."""
        if not self.weights and not any(rule.weights for rule in self.for_objects):
            return findings
        return [self._weighed(finding) for finding in findings]

    def _weighed(self, finding: Finding) -> Finding:
        rule = self._rule_for(finding.target.sql)
        severity = (self.weights if rule is None else rule.weights).get(finding.severity, finding.severity)
        return finding if severity is finding.severity else attrs.evolve(finding, severity=severity)

    def _rule_for(self, name: str) -> ForObject | None:
        """The last rule that fits wins."""
        return next((rule for rule in reversed(self.for_objects) if fnmatchcase(name, rule.pattern)), None)


def bounds_for(
    check: Check[Any, Any], settings: CheckSettings, limits_of_call: Mapping[str, Mapping[str, Any]] | None = None
) -> Bounds:
    """The limits that `settings` give `check`, those of the call on top.

    Raises `BadLimitError` for a name or type that it does not know.
    """
    names = {check.id, *check.aliases}
    chosen: dict[str, Any] = {}
    for layer in (settings.limits, limits_of_call or {}):
        for name, values in layer.items():
            if name in names:
                chosen.update(_mapping(name, values))
    limits, weights = _limits(check, chosen), _weights(check, chosen)
    for_objects = []
    for rule in settings.for_objects:
        if rule.check in names:
            if check.target is None and not hasattr(check.judge, "target"):
                raise BadLimitError(
                    f"The check {check.id} does not tell its objects apart, so no limit can be set for one."
                )
            own = chosen | dict(_mapping(rule.check, rule.limits))
            for_objects.append(ForObject(pattern=rule.target, limits=_limits(check, own), weights=_weights(check, own)))
    fields = attrs.fields(check.limits)
    shown = {field.name: getattr(limits, field.name) for field in fields}
    parameters = dict(shown)
    if for_objects:
        for field in fields:
            candidates = [shown[field.name], *(getattr(rule.limits, field.name) for rule in for_objects)]
            lowest = field.metadata.get("loosest", Loosest.LOWEST) is Loosest.LOWEST
            # None is no bound at all, and nothing is looser.
            parameters[field.name] = None if None in candidates else (min if lowest else max)(candidates)
    if weights:
        shown[SEVERITY] = {str(said): str(meant) for said, meant in weights.items()}
    return Bounds(limits=limits, shown=shown, parameters=parameters, weights=weights, for_objects=tuple(for_objects))


def _mapping(name: str, values: Any) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise BadLimitError(f"The limits of {name!r} are {values!r}.", cure="Write each by its name: {'warn_s': 60}.")
    return values


def _weights(check: Check[Any, Any], values: Mapping[str, Any]) -> Weights:
    """What `severity` says: one name for all findings, or a table from what the check says to what is meant."""
    said = values.get(SEVERITY)
    if said is None:
        return {}
    if check.judge is None:
        raise BadLimitError(f"The listing {check.id} finds nothing, so it has no severity.")
    table = said if isinstance(said, Mapping) else dict.fromkeys(map(str, Severity), said)
    try:
        return {_severity(name): _severity(meant) for name, meant in table.items()}
    except ValueError as error:
        raise BadLimitError(
            f"The severity of {check.id} is {said!r}, and {error}.",
            cure="Write severity = 'info', or severity = {critical = 'warning'}.",
        ) from None


def _severity(name: object) -> Severity:
    return name if isinstance(name, Severity) else Severity.parse(str(name))


def _limits(check: Check[Any, Any], values: Mapping[str, Any]) -> Any:
    values = {name: value for name, value in values.items() if name != SEVERITY}
    if not values:
        return check.limits()
    types = limit_types(check.limits)
    for name, value in values.items():
        if name not in types:
            known = ", ".join(types) or "none at all"
            raise BadLimitError(
                f"The check {check.id} has no limit {name!r}.",
                cure=did_you_mean(name, (*types, SEVERITY)) or f"It has {known}.",
            )
        if not _fits(value, types[name]):
            wanted = types[name].__name__ if isinstance(types[name], type) else str(types[name])
            raise BadLimitError(
                f"The limit {name!r} of {check.id} is {value!r} ({type(value).__name__}), and it has to be {wanted}."
            )
    return check.limits(**{name: float(value) if types[name] is float else value for name, value in values.items()})


def limit_types(limits: type) -> dict[str, Any]:
    """The types of a Limits class by the name of the limit."""
    hints = typing.get_type_hints(limits)
    return {field.name: hints[field.name] for field in attrs.fields(limits)}


def _fits(value: object, wanted: Any) -> bool:
    if typing.get_origin(wanted) in (typing.Union, UnionType):
        return any(_fits(value, each) for each in typing.get_args(wanted))
    if isinstance(value, bool):
        return wanted is bool
    if wanted is float:
        return isinstance(value, (int, float)) and value == value  # noqa: PLR0124  nothing is more or less than NaN
    return isinstance(value, wanted) if isinstance(wanted, type) else True
