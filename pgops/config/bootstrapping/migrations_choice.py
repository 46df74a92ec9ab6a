"""The part of the dialogue that asks where the migrations are: the usual place, one that is found, one that is made."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import attrs

from pgops.config.migrations_folder import DEFAULT
from pgops.config.scanning.scanned_files import LEFT_OUT_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.config.bootstrapping.ui import Ui

MOST_SHOWN = 20


@attrs.frozen
class MigrationsChoice:
    """A folder below the project root, as a profile has it; and whether it is to be made."""

    path: str
    is_new: bool


def choose_migrations(ui: Ui, root: Path) -> MigrationsChoice | None:
    """Ask for the folder of the migrations; None for no word of it in the profile. Nothing is made here."""
    while True:
        usual = f"{DEFAULT} ({'it is there' if (root / DEFAULT).is_dir() else 'not there yet'})"
        ways = [usual, "Search for a folder by the end of its path", "Another folder", "Leave it out of the profile"]
        way = ui.choose("Where are the migrations?", ways)
        if way == len(ways) - 1:
            return None
        path: str | None = DEFAULT
        if way > 0:
            path = _searched(ui, root) if way == 1 else ui.ask(f"The folder, from {root}")
        chosen = _checked(ui, root, path) if path is not None else None
        if chosen is not None:
            return chosen


def folders_ending_with(root: Path, ending: str) -> Iterator[str]:
    """The folders whose path below `root` ends so, in whatever case; not those that tools make, nor links."""
    wanted = ending.strip().strip("/").lower()
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:  # what may not be looked into holds nothing for us
            continue
        below = [f"{folder}/{name}" if folder else name for name in names if name not in LEFT_OUT_FOLDERS]
        yield from (path for path in below if path.lower().endswith(wanted) and not _is_released(path))
        folders += reversed(below)


def _searched(ui: Ui, root: Path) -> str | None:
    ending = ui.ask("The end of its path", default="migrations")
    found = []
    for path in folders_ending_with(root, ending):
        found.append(path)
        if len(found) > MOST_SHOWN:
            break
    if not found:
        ui.show(f"No folder below {root} ends with {ending!r}.")
        return None
    if len(found) > MOST_SHOWN:
        ui.show(f"There are more than {MOST_SHOWN}: these are the first.")
    choices = [*found[:MOST_SHOWN], "None of these"]
    chosen = ui.choose("Which one?", choices)
    return choices[chosen] if chosen < len(choices) - 1 else None


def _checked(ui: Ui, root: Path, said: str) -> MigrationsChoice | None:
    """The path below the root in a normal form, if it can be used and its making is agreed to."""
    folder = Path(os.path.normpath(root / said.strip()))
    path = PurePosixPath(os.path.relpath(folder, root).replace(os.sep, "/"))
    problem = ""
    if not said.isprintable():
        problem = "That is no name for a folder."
    elif path.parts[:1] == ("..",) or not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root)):
        problem = f"{folder} is outside the project, {root}."
    elif _is_released(str(path)):
        problem = f"{path} is for what has been released, and is never written to."
    elif folder.exists() and not folder.is_dir():
        problem = f"{folder} is no folder."
    if problem:
        ui.show(problem)
        return None
    if folder.is_dir():
        return MigrationsChoice(str(path), False)
    made = ui.confirm(f"{path} is not there yet. Make it when the profile is saved?")
    return MigrationsChoice(str(path), True) if made else None


def _is_released(path: str) -> bool:
    return any(part.lower().endswith("released") for part in path.split("/"))
