"""Changes of single keys and profiles in postgres.toml, each as a proposal that shows its difference.

Every call here reads the file, makes the change on its text and gives a `FileProposal`; nothing is written before that
is applied. The one exception is `record_pg_bin_path`. A change is proposed only if the file loads before and after it.

In all of them `config` is a `Config`, or the path of its file; by default it is looked for as `load_config` does. `env`
and `cwd` stand in for the process's own. They raise as `load_config` does, and `ConfigError` for a change that would
leave a file that doesn't load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs

from pgops.config.client_programs import HOW_TO_GET_THEM, find_bin_path, holds_psql
from pgops.config.document import PROFILE_KEYS, parse_document, spelled
from pgops.config.manuscript import Manuscript
from pgops.config.model import SCHEMA_VERSION, Config, Sslmode
from pgops.config.reading import config_from, config_place, config_text
from pgops.config.resolution import named
from pgops.config.surroundings import surroundings
from pgops.config.target import SSLMODE_OF, target_of
from pgops.config.writing import propose_file
from pgops.errors import ConfigError, ConfigNotFoundError, IncompleteProfileError, did_you_mean
from pgops.secret import Secret

if TYPE_CHECKING:
    import os

    from pgops.approval import Keep, Record
    from pgops.config.surroundings import Surroundings
    from pgops.config.writing import FileProposal

Where: TypeAlias = "Config | str | os.PathLike[str] | None"
Field: TypeAlias = str | Secret | int | bool | Path | Sequence[str | Secret]
"""A profile's field, as the file has it: a text, a number, true or false, or an array of texts."""

NEW_FILE = f"""\
# Which databases there are, and how to reach them. It may hold passwords, so keep it out of git.

[configuration]
schema_version = {SCHEMA_VERSION}

[database]
sslmode = false
"""

_STRENGTH: tuple[Sslmode | None, ...] = (None, False, True, "verify-ca", "verify-full")


def set_sslmode(
    profile: str,
    value: Sslmode,
    *,
    config: Where = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> FileProposal:
    """The profile's own sslmode: true (require), false (disable), "verify-ca" or "verify-full".

    Raises `ConfigError` where the profile's url has an sslmode, which is stronger; `UnknownProfileError`.
    """
    opened = _open(surroundings(env, cwd), config)
    del env
    named(profile, opened.config, "the call")
    manuscript = opened.manuscript.put(("database", profile, "sslmode"), value)
    _refuse_overruled(opened, manuscript, profile, value)
    return opened.propose(manuscript, f"Set the sslmode of profile {profile} to {_said(value)}")


def add_profile(
    name: str,
    fields: Mapping[str, Field | None],
    *,
    config: Where = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> FileProposal:
    """A new profile with these fields, called as in the file; None leaves one out. Where there is no file, one is made.

    Raises `ConfigError` where there is such a profile already, or a field that is none.
    """
    fields = _sealed(fields)
    opened = _open(surroundings(env, cwd), config, may_be_new=True)
    del env
    if name in opened.config.profiles:
        line, cure = opened.config.profiles[name].line, "Change it with change_profile(), or take another name."
        raise opened.error(f"there is a profile {name!r} already.", "database", name, line=line, cure=cure)
    _refuse_unknown(opened, name, fields)
    stated = {key: value for key in PROFILE_KEYS if (value := fields.get(key)) is not None}
    manuscript = opened.manuscript.put_table(("database", name), stated)
    return opened.propose(manuscript, f"Add the profile {name}")


def change_profile(
    name: str,
    fields: Mapping[str, Field | None],
    *,
    config: Where = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> FileProposal:
    """Other values for some of a profile's own fields; None takes one out. What isn't named stays.

    Raises `UnknownProfileError`, and `ConfigError` for a field that is none.
    """
    fields = _sealed(fields)
    opened = _open(surroundings(env, cwd), config)
    del env
    named(name, opened.config, "the call")
    _refuse_unknown(opened, name, fields)
    manuscript = opened.manuscript
    stated = parse_document(opened.path, manuscript.text).section("database", name).values
    for key in PROFILE_KEYS:
        value = fields.get(key)
        if value is not None:
            manuscript = manuscript.put(("database", name, key), value)
        elif key in fields and key in stated:
            manuscript = manuscript.drop(("database", name, key))
    return opened.propose(manuscript, f"Change {', '.join(fields) or 'nothing'} of profile {name}")


def remove_profile(
    name: str,
    *,
    config: Where = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> FileProposal:
    """Take a profile out, with the comment right above it. Raises `UnknownProfileError`."""
    opened = _open(surroundings(env, cwd), config)
    del env
    named(name, opened.config, "the call")
    return opened.propose(opened.manuscript.drop(("database", name)), f"Remove the profile {name}")


def set_migrations_path(
    folder: str | os.PathLike[str],
    *,
    config: Where = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> FileProposal:
    """`[migrations].path`, for profiles that have none of their own. A relative one starts at the project root."""
    opened = _open(surroundings(env, cwd), config)
    del env
    manuscript = opened.manuscript.put(("migrations", "path"), Path(folder))
    return opened.propose(manuscript, f"Set the migrations path to {Path(folder)}")


def set_pg_bin_path(
    folder: str | os.PathLike[str],
    *,
    config: Where = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> FileProposal:
    """`[configuration].pg_bin_path`. Raises `ConfigError` where that folder holds no psql."""
    opened = _open(surroundings(env, cwd), config)
    del env
    return _with_bin_path(opened, Path(folder))


def record_pg_bin_path(
    *,
    config: Where = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    record: Keep | None = None,
) -> Record | None:
    """Look for psql and write its folder into the file, if that has no `pg_bin_path`; else do nothing and give None.

    This is the one write that nobody has to approve. It never changes a value that is there. Raises `OSError` where the
    file can't be written.
    """
    around = surroundings(env, cwd)
    del env
    opened = _open(around, config)
    folder = find_bin_path(around) if opened.config.pg_bin_path is None else None
    if folder is None:
        return None
    proposal = _with_bin_path(opened, folder)
    note = "A missing pg_bin_path is written without asking."
    return proposal.apply(approval=proposal.approve(by="pgops", note=note), record=record)


# --- the file, opened ------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Opened:
    manuscript: Manuscript
    root: Path
    config: Config
    is_new: bool

    @property
    def path(self) -> Path:
        return self.manuscript.path

    def propose(self, changed: Manuscript, title: str) -> FileProposal:
        return propose_file(
            self.path,
            changed.text,
            before=None if self.is_new else self.manuscript.text,
            kind="config edit",
            title=f"{title} in {self.path}",
            risks=_weaker(self.config, self.loaded(changed)),
        )

    def loaded(self, changed: Manuscript) -> Config:
        return config_from(parse_document(self.path, changed.text), self.root)

    def error(self, what: str, *key: str, line: int | None = None, cure: str = "") -> ConfigError:
        return ConfigError(what, path=str(self.path), line=line, key=spelled(key), cure=cure)


def _open(around: Surroundings, config: Where, *, may_be_new: bool = False) -> _Opened:
    if isinstance(config, Config):
        config = config.path
    is_new = False
    try:
        path, root, text = config_text(around, config)
    except ConfigNotFoundError:
        if not may_be_new:
            raise
        is_new = True
        path, found, _ = config_place(around, config)
        root, text = found.folder, Secret(NEW_FILE)
    loaded = config_from(parse_document(path, text), root)
    return _Opened(manuscript=Manuscript(path, text), root=root, config=loaded, is_new=is_new)


def _sealed(fields: Mapping[str, Field | None]) -> dict[str, Field | None]:
    """No frame further down holds a password that a traceback could print."""
    return {key: Secret(value) if isinstance(value, str) else value for key, value in fields.items()}


def _with_bin_path(opened: _Opened, folder: Path) -> FileProposal:
    if not holds_psql(folder):
        what, key = f"{folder} holds no psql.", ("configuration", "pg_bin_path")
        raise opened.error(what, *key, cure=HOW_TO_GET_THEM)
    manuscript = opened.manuscript.put(("configuration", "pg_bin_path"), folder)
    return opened.propose(manuscript, f"Set pg_bin_path to {folder}")


def _refuse_unknown(opened: _Opened, name: str, fields: Mapping[str, object]) -> None:
    for key in fields:
        if key not in PROFILE_KEYS:
            what, cure = f"a profile has no field {key!r}.", did_you_mean(key, PROFILE_KEYS)
            raise opened.error(what, "database", name, key, cure=cure)


def _refuse_overruled(opened: _Opened, changed: Manuscript, name: str, value: Sslmode) -> None:
    """An sslmode inside the profile's own url is stronger than the key, which would change nothing."""
    profile = opened.loaded(changed).profiles[name]
    try:
        effective = target_of(profile, opened.path).params.get("sslmode")
    except IncompleteProfileError:
        return
    if effective != SSLMODE_OF[value]:
        what = f"the url of profile {name!r} says sslmode={effective}, which is stronger than this key."
        cure = "Change the url: change_profile(name, {'url': ...})."
        raise opened.error(what, "database", name, "sslmode", line=profile.line, cure=cure)


def _weaker(before: Config, after: Config) -> tuple[str, ...]:
    return tuple(
        f"Profile {name} checks its server less than before: {_said(old)} becomes {_said(new)}."
        for name, profile in after.profiles.items()
        if name in before.profiles
        and _STRENGTH.index(new := profile.sslmode) < _STRENGTH.index(old := before.profiles[name].sslmode)
    )


def _said(mode: Sslmode | None) -> str:
    return "nothing" if mode is None else SSLMODE_OF[mode]
