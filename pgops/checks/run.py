"""One run: what is to be asked, decided before anything is sent, and the tally of what came back.

A `Run` is shared by the threads or tasks that work on it: they `take` the next check and `add` its result.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from pgops.checks.answering import CONNECTION_LOST, Circumstances, Planned, TimeLimit, failed
from pgops.checks.api import Check, Past
from pgops.checks.check_settings import CheckSettings, bounds_for
from pgops.checks.report import CheckResult, ProgressStep, Report
from pgops.checks.select import Selector, as_selectors, select
from pgops.checks.suppress import Suppression, suppression
from pgops.errors import BadLimitError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgops.checks.registry import BrokenPlugin, Registry
    from pgops.checks.report import Progress
    from pgops.db.server import Server


class History(Protocol):
    """What knows earlier observations: a `Report` of before, or a store of many.

    `past` gives the last observation of a check, and those of the `days` before now, where it has them.
    """

    def past(self, check: str, *, days: float) -> Past: ...


class Run:
    """The work of one `run_checks`, thread-safe."""

    def __init__(
        self,
        planned: Iterable[Planned],
        *,
        statement_timeout_s: float,
        deadline_s: float | None = None,
        facilities: Mapping[str, Any] | None = None,
        broken_plugins: tuple[BrokenPlugin, ...] = (),
        on_progress: Progress | None = None,
    ) -> None:
        self._planned = tuple(planned)
        self._waiting = deque(self._planned)
        self._results: dict[str, CheckResult] = {}
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)
        self._statement_timeout_s = statement_timeout_s
        self._deadline_s = deadline_s
        self._facilities = dict(facilities or {})
        self._broken_plugins = broken_plugins
        self._on_progress = on_progress
        self._interrupted = ""
        self._why_not_run = CONNECTION_LOST
        self._cure = ""
        self._sqlstate: str | None = None
        self.given: Circumstances | None = None

    # --- for those who work on it ------------------------------------------------------------------------------------

    def meet(self, server: Server) -> Circumstances:
        """Remember the server's facts, which every check may rest on."""
        self.given = Circumstances(server=server, clock=time.monotonic(), facilities=self._facilities)
        return self.given

    @property
    def known(self) -> Circumstances:
        """What `meet` remembered: to be asked only after it."""
        assert self.given is not None  # noqa: S101
        return self.given

    def take(self) -> Planned | None:
        """The next check to ask, or None when there is none, or no time for it."""
        with self._lock:
            if not self._interrupted and self._left_s() <= 0:
                self._interrupted = f"the deadline of {self._deadline_s:g} s"
            return self._waiting.popleft() if self._waiting and not self._interrupted else None

    def __len__(self) -> int:
        """How many checks wait to be taken."""
        return 0 if self._interrupted else len(self._waiting)

    @property
    def limit(self) -> TimeLimit:
        """How long the next look may take: the statement timeout, or what is left until the deadline."""
        left_s = self._left_s()
        if left_s < self._statement_timeout_s:
            return TimeLimit(max(left_s, 0.001), f"the deadline of {self._deadline_s:g} s")
        return TimeLimit(self._statement_timeout_s, f"the statement timeout of {self._statement_timeout_s:g} s")

    def _left_s(self) -> float:
        return float("inf") if self._deadline_s is None else self._began + self._deadline_s - time.monotonic()

    def add(self, result: CheckResult) -> None:
        with self._lock:
            self._results[result.check] = result
            if self._on_progress:
                self._on_progress(ProgressStep(done=len(self._results), total=len(self._planned), result=result))

    def interrupt(self, because: str) -> None:
        """End the run early: nothing more is handed out."""
        with self._lock:
            self._interrupted = self._interrupted or because

    def give_up(self, reason: str, *, cure: str = "", sqlstate: str | None = None) -> None:
        """Remember why the checks that still wait can't be asked; it counts only if nobody asks them."""
        with self._lock:
            self._why_not_run, self._cure, self._sqlstate = reason, cure, sqlstate

    # --- for the caller ----------------------------------------------------------------------------------------------

    def report(self) -> Report:
        """Everything that is known now. What was not asked is FAILED, with the reason."""
        results = []
        for planned in self._planned:
            result = self._results.get(planned.check.id)
            if result is None and self._interrupted:
                result = planned.result(failed(f"not run: the run was ended by {self._interrupted}"))
            elif result is None:
                result = planned.result(failed(self._why_not_run, cure=self._cure, sqlstate=self._sqlstate))
            results.append(result)
        return Report(
            server=self.given.server if self.given else None,
            started_at=self.given.server.now if self.given else self._began_at,
            seconds=time.monotonic() - self._began,
            results=tuple(results),
            interrupted=self._interrupted,
            broken_plugins=self._broken_plugins,
        )


def planned_run(
    registry: Registry,
    chosen: Selector | Iterable[Selector] | None,
    *,
    settings: CheckSettings | None,
    limits: Mapping[str, Mapping[str, Any]] | None,
    suppress: Iterable[Suppression | Mapping[str, Any]] | None,
    history: History | None,
    statement_timeout_s: float,
    deadline_s: float | None,
    **more: Any,
) -> Run:
    """Decide everything that can be decided before a server is asked.

    The limits of the call win over those of `settings`. Raises `UnknownCheckError`, `BadLimitError` or
    `BadSuppressionError` for what the caller wrote wrongly, and `ValueError` for a time that is not positive.
    """
    for name, seconds in (("statement_timeout_s", statement_timeout_s), ("deadline_s", deadline_s)):
        if seconds is not None and not seconds > 0:
            raise ValueError(f"{name} has to be more than 0 seconds, and is {seconds!r}")
    given, limits = settings or CheckSettings(), limits or {}
    selectors = None if chosen is None else as_selectors(chosen)
    strangers = [each for each in selectors or () if isinstance(each, Check)]
    known = {name for check in (*registry.checks, *strangers) for name in (check.id, *check.aliases)}
    for name in (*given.limits, *limits, *(rule.check for rule in given.for_objects)):
        if name not in known:
            what = "that is a topic" if name in registry.topics else "no check is called that"
            cure = "Name one check of it." if name in registry.topics else did_you_mean(name, known)
            raise BadLimitError(f"Limits are set for {name!r}, and {what}.", cure=cure)
    suppressions = (*given.suppress, *map(suppression, suppress or ()))
    limited = {*given.limits, *limits, *(rule.check for rule in given.for_objects)}
    for check in (*registry.checks, *strangers):
        if not limited.isdisjoint((check.id, *check.aliases)):
            bounds_for(check, given, limits)  # what is wrong is an error, whether this check is selected or not
    planned = [
        Planned(
            check=entry.check,
            bounds=bounds_for(entry.check, given, limits),
            trusted=entry.trusted,
            suppressions=suppressions,
            past=history.past(entry.check.id, days=entry.check.looks_back) if history is not None else Past(),
        )
        for entry in select(registry, selectors)
    ]
    return Run(
        planned,
        statement_timeout_s=statement_timeout_s,
        deadline_s=deadline_s,
        broken_plugins=registry.broken,
        **more,
    )
