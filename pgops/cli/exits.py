"""What the exit code of the command line says, from a report or from an error."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from pgops.errors import (
    BadLimitError,
    ConninfoError,
    HistoryError,
    MigrationNameError,
    MigrationTextError,
    MissingExtraError,
    PgopsError,
    ReportFormatError,
    UnknownCheckError,
    UnknownProfileError,
)

if TYPE_CHECKING:
    from pgops.checks.report import Report
    from pgops.findings import Severity


class Exit(enum.IntEnum):
    """The exit codes. FINDINGS wins over NO_ANSWER, INTERRUPTED over both."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    NO_ANSWER = 3
    INTERRUPTED = 130
    """128 and SIGINT's number, as shells count."""


MEANINGS = """\b
Exit codes:
  0    every check gave an answer, and none found anything at --fail-on or above
  1    something was found at --fail-on (default: warning) or above
  2    the command was given wrongly: an option, a selector, a limit, a profile
  3    a check FAILED, or nothing could be run (no config, no connection); with
       --strict also: a check was SKIPPED, or a plugin could not take part
  130  ended by Ctrl-C; what was known by then has been printed
  1 wins over 3.
"""

# What was typed, or set in the environment, can't be meant; everything else keeps a right command from its answer.
_GIVEN_WRONGLY = (
    BadLimitError,
    ConninfoError,
    HistoryError,
    MigrationNameError,
    MigrationTextError,
    MissingExtraError,
    ReportFormatError,
    UnknownCheckError,
    UnknownProfileError,
)


def exit_of(error: PgopsError) -> Exit:
    """The code for a command that ended in this error."""
    return Exit.USAGE if isinstance(error, _GIVEN_WRONGLY) else Exit.NO_ANSWER


def exit_for(report: Report, *, fail_on: Severity, strict: bool) -> Exit:
    """The code for a run. No answer is never a good answer."""
    from pgops.checks.runner import CTRL_C

    if report.interrupted == CTRL_C:
        return Exit.INTERRUPTED
    if report.at_least(fail_on):
        return Exit.FINDINGS
    unanswered = bool(report.failed) or (strict and bool(report.skipped or report.broken_plugins))
    return Exit.NO_ANSWER if unanswered else Exit.CLEAN
