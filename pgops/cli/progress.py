"""How far a run of checks is: a bar on stderr, where that is a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgops.cli.printing import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.report import Progress, ProgressStep


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Gives what `run_checks` wants as `on_progress`. The bar is gone when the block ends."""
    if not is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("connected", total=None)

        def moved(step: ProgressStep) -> None:
            described = f"{step.result.check}: {step.result.outcome}"
            bar.update(task, completed=step.done, total=step.total, description=described)

        yield moved
