"""Who runs a throwaway server: ourselves, or an unprivileged account where we are root.

PostgreSQL refuses to run as root, and containers often are nothing else. So the server's programs run as an account
that already exists and owns nothing: `nobody`. No account is made, no permission of an existing folder is changed;
programs that the account can't reach (a venv below /root) are copied beside the server's data instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, TypedDict

import attrs

from pgops.errors import ScratchError

if TYPE_CHECKING:
    from pathlib import Path

CANDIDATES = ("nobody", "postgres", "daemon")
"""`nobody` first: `postgres` may own the data of a real server on this machine."""


class As(TypedDict, total=False):
    """The arguments of `subprocess` that say who runs the program."""

    user: int
    group: int
    extra_groups: list[int]


@attrs.frozen
class Account:
    """An account of this system, by its numbers."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account for the server's programs, or None: we are not root and run them ourselves.

    Raises `ScratchError` where we are root and no account can be used.
    """
    if os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415  not on Windows

    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise ScratchError(
        f"PostgreSQL refuses to run as root, and there is no account {', '.join(CANDIDATES)} to run it.",
        cure="Run this as another user.",
    )


def run_as(account: Account | None) -> As:
    """The arguments that make `subprocess` run a program as `account`.

    >>> run_as(None), run_as(Account("nobody", 65534, 65534))
    ({}, {'user': 65534, 'group': 65534, 'extra_groups': []})
    """
    return As() if account is None else As(user=account.uid, group=account.gid, extra_groups=[])


def hand_over(path: Path, account: Account | None) -> None:
    """Make `account` the owner of one file or folder."""
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def reachable_bindir(bindir: Path, account: Account | None, spare: Path) -> Path:
    """`bindir` if `account` can run the programs in it, otherwise the same folder in a copy of it all in `spare`."""
    if account is None or _can_run(bindir, account):
        return bindir
    prefix = bindir.parent
    package = prefix.parent
    # A program finds the rest by its own place: lib and share beside it, and in a wheel the libraries that auditwheel
    # (Linux) and delocate (macOS) moved beside and into the package. So the copy keeps the layout.
    parts = [*(prefix / name for name in (bindir.name, "lib", "share")), package / ".dylibs"]
    parts.append(package.with_name(f"{package.name}.libs"))
    for part in parts:
        if part.is_dir():
            shutil.copytree(part, spare / part.relative_to(package.parent), symlinks=True)
    copied = spare / bindir.relative_to(package.parent)
    for path in (spare, *spare.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644))
    if not _can_run(copied, account):
        raise ScratchError(
            f"The account {account.name} can't run the programs of {bindir}, nor a copy of them in {spare}.",
            cure="Install PostgreSQL where every account can read it, or run this as a user that is not root.",
        )
    return copied


def _can_run(bindir: Path, account: Account) -> bool:
    try:
        for program in ("postgres", "initdb"):
            subprocess.run(  # noqa: S603  a program of the installation that is asked for
                [bindir / program, "--version"], capture_output=True, check=True, timeout=20, cwd="/", **run_as(account)
            )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
