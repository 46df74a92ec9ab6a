"""The project's folder as a facility for checks: who may read its postgres.toml, and would git publish it.

    pgops.run_checks(conn, facilities={"project": pgops.config.project_folder(config)})

Looking is all it does: at the file's mode, and at git's own word, since nothing but git knows what git ignores (nested
.gitignore files, info/exclude, core.excludesFile). A link is followed: what matters is the file that has the passwords.
"""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.config.model import Config
from pgops.config.reading import load_config
from pgops.config.surroundings import CONFIG_PLACE, git_top_level

if TYPE_CHECKING:
    from collections.abc import Mapping

_GIT_TIMEOUT_S = 10.0
_YES, _NO = 0, 1


@attrs.frozen(kw_only=True)
class ProjectFolder:
    """What is known about a project's config file. None is unknown; `unknown` says why.

    Where the file is in no repository, `repository` is None and so are `ignored` and `tracked`: then there is nothing
    to know.
    """

    root: Path
    config_path: Path
    exists: bool
    mode: int | None = None
    """The permission bits of the file, links followed."""
    holds_password: bool | None = None
    repository: Path | None = None
    """The top level of the git repository that the file lies in."""
    ignored: bool | None = None
    tracked: bool | None = None
    unknown: str = ""


def project_folder(config: Config | str | os.PathLike[str]) -> ProjectFolder:
    """Look at a config that was loaded, or at the one in its standard place under a project root.

    Raises `ConfigError` as `load_config` does for a file that is there and can't be read.
    """
    if not isinstance(config, Config):
        root = Path(os.path.abspath(config))  # noqa: PTH100  resolve() would follow links
        place = root / CONFIG_PLACE
        if not os.path.lexists(place):
            return ProjectFolder(root=root, config_path=place, exists=False)
        config = load_config(place, env={"PROJECT_ROOT": str(root)})
    real = Path(os.path.realpath(config.path))
    try:
        mode = stat.S_IMODE(real.stat().st_mode) if os.name == "posix" else None
    except FileNotFoundError:
        return ProjectFolder(root=config.root, config_path=config.path, exists=False)
    except OSError:
        mode = None
    repository = git_top_level(real.parent)
    ignored, tracked, unknown = git_says(real, repository) if repository is not None else (None, None, "")
    return ProjectFolder(
        root=config.root,
        config_path=config.path,
        exists=True,
        mode=mode,
        holds_password=_holds_password(config),
        repository=repository,
        ignored=ignored,
        tracked=tracked,
        unknown=unknown,
    )


def _holds_password(config: Config) -> bool:
    """Whether a profile has a password, or what may hold one: a URL, a key that pgops does not know."""
    return any(
        profile.password is not None or profile.url is not None or profile.others
        for profile in config.profiles.values()
    )


def git_says(file: Path, repository: Path) -> tuple[bool | None, bool | None, str]:
    """Ignored, tracked, and why that is unknown. A file that is tracked may match .gitignore all the same."""
    try:
        ignored = _asked(repository, "check-ignore", "--quiet", "--no-index", "--", str(file))
        tracked = _asked(repository, "--literal-pathspecs", "ls-files", "--error-unmatch", "--", str(file))
    except FileNotFoundError:
        return None, None, "there is no git program to ask"
    except (OSError, subprocess.SubprocessError) as error:
        return None, None, f"git could not be asked: {type(error).__name__}"
    for status, complaint in (ignored, tracked):
        if status not in {_YES, _NO}:  # a repository of another owner ("dubious ownership"), a broken one
            return None, None, f"git refused to say: {complaint}"
    return ignored[0] == _YES, tracked[0] == _YES, ""


def ask_git(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
    """What git says in `folder`, to which `given` is handed on stdin. It asks nobody, and changes nothing by itself.

    Raises `OSError` where there is no git, and `subprocess.TimeoutExpired` after ten seconds.
    """
    return subprocess.run(  # noqa: S603  no shell, and paths stand behind --
        ["git", "-C", str(folder), *words],  # noqa: S607  the user's own git
        input=given.encode(),
        capture_output=True,
        env=_elsewhere(os.environ),
        timeout=_GIT_TIMEOUT_S,
        check=False,
    )


def _asked(repository: Path, *words: str) -> tuple[int, str]:
    answer = ask_git(repository, *words)
    lines = answer.stderr.decode(errors="replace").strip().splitlines()
    return answer.returncode, lines[0] if lines else f"exit status {answer.returncode}"


def _elsewhere(env: Mapping[str, str]) -> dict[str, str]:
    """Without GIT_DIR and its like, which name another repository: a hook runs with them set."""
    return {name: value for name, value in env.items() if not name.startswith("GIT_")}
