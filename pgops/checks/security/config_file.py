"""postgres.toml can be read by others, or git would publish it.

The file may hold the passwords of every database of the project. Its owner alone should read it (mode 0600), and git
should ignore it: what is committed once is in every clone and in the history for good, so a password that was tracked
has to be changed, not only removed.

WARNING where the file holds a password or a URL, INFO where its profiles take their passwords from elsewhere
(password_env, password_command, ~/.pgpass): then it gives away no more than names of hosts and users. A false alarm: a
file that administrators or an orchestrator's mount are meant to read. Where git's answer can't be had, that half is not
judged.

This is a look at a file, not at the database. Hand it in: `facilities={"project":
pgops.config.project_folder(config)}`. `pgops.config.propose_private` and `pgops.config.propose_ignored` mend it.

Source: gitignore(5); the manual's section 32.16 asks the same of .pgpass.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, NoLimits, Probe, Scope, Seen
from pgops.findings import Finding, Severity, Target, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.config.project_facility import ProjectFolder


@attrs.frozen(kw_only=True)
class Row:
    """The file as it was found; None is unknown."""

    path: str
    mode: str | None
    """Its permissions, in octal."""
    open_to_others: bool | None
    """Whether its group or everybody may read, write or run it."""
    holds_password: bool | None
    in_repository: bool
    ignored: bool | None
    tracked: bool | None
    unknown: str
    """Why git's answer is unknown."""


def read(project: ProjectFolder) -> Iterator[Row]:
    if not project.exists:
        return
    mode = project.mode
    yield Row(
        path=str(project.config_path),
        mode=None if mode is None else f"{mode:04o}",
        open_to_others=None if mode is None else bool(mode & (stat.S_IRWXG | stat.S_IRWXO)),
        holds_password=project.holds_password,
        in_repository=project.repository is not None,
        ignored=project.ignored,
        tracked=project.tracked,
        unknown=project.unknown,
    )


def target_of(row: Row) -> Target:
    return Target("file", None, row.path)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        severity = Severity.INFO if row.holds_password is False else Severity.WARNING
        if row.open_to_others is None:
            yield Unseen(_about(row, "mode"), "its permissions are unknown here", "Look who may read it.")
        elif row.open_to_others:
            message = f"Others than its owner have rights to {row.path} (mode {row.mode}): chmod 600 takes them away."
            yield Finding(severity, _about(row, "mode"), message)
        if not row.in_repository:
            continue
        if row.tracked is None or row.ignored is None:
            cure = "Install git, and run as a user whom it trusts with the repository."
            yield Unseen(_about(row, "git"), f"whether git would publish it is unknown: {row.unknown}", cure)
        elif row.tracked:
            message = (
                f"git tracks {row.path}: take it out (git rm --cached), have it ignored, and change each password that "
                "was ever in it."
            )
            yield Finding(severity, _about(row, "git"), message)
        elif not row.ignored:
            message = f"git does not ignore {row.path}: the next commit may take it along. Add it to .gitignore."
            yield Finding(severity, _about(row, "git"), message)


def _about(row: Row, matter: str) -> Target:
    return attrs.evolve(target_of(row), also=(matter,))


CHECK = Check(
    id="security.config_file",
    aliases=("check_toml_gitignored",),
    doc=__doc__,
    row=Row,
    judge=judge,
    probe=Probe(facility="project", read=read),
    scope=Scope.CLUSTER,
    target=target_of,
)
