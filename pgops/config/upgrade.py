"""An older postgres.toml brought to the version that this pgops reads: one function a version, on the text itself.

What has no meaning in the new version is an error that names the key and the cure; nothing is guessed, and nothing
becomes weaker than it was: `verify-ca` and `verify-full` stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.config.client_programs import HOW_TO_GET_THEM, find_bin_path, holds_psql
from pgops.config.document import Document, parse_document, spelled
from pgops.config.manuscript import Manuscript
from pgops.config.model import SCHEMA_VERSION, Sslmode
from pgops.config.reading import config_from, config_text, schema_version
from pgops.config.reference import FALSE_WORDS, TRUE_WORDS, UNDECIDED
from pgops.config.surroundings import Surroundings, surroundings
from pgops.config.writing import propose_file
from pgops.errors import ConfigError

if TYPE_CHECKING:
    import os

    from pgops.config.writing import FileProposal


def needs_upgrade(
    path: str | os.PathLike[str] | None = None,
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> bool:
    """Whether the file is of an older version; it is found as `load_config` finds it.

    Raises `ConfigNotFoundError`, `ConfigVersionError` for a file that is newer than this pgops, and `ConfigError` for
    one that can't be read as TOML.
    """
    return schema_version(_Draft.of(surroundings(env, cwd), path).document) < SCHEMA_VERSION


def propose_upgrade(
    path: str | os.PathLike[str] | None = None,
    *,
    allow_missing_bin: bool = False,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> FileProposal:
    """The change that brings the file to the version that this pgops reads. One that is there already is not changed.

    Comments, order, unknown keys and line ends stay as they are. `allow_missing_bin` does without a `pg_bin_path` where
    no psql is found. Raises as `needs_upgrade` does, and `ConfigError` for an sslmode that can't be said in the new
    version, and where no psql is found.
    """
    around = surroundings(env, cwd)
    draft = _Draft.of(around, path, allow_missing_bin=allow_missing_bin)
    before = draft.manuscript.text
    version, file = schema_version(draft.document), draft.manuscript.path
    for step in range(version, SCHEMA_VERSION):
        draft = _UPGRADES[step](draft)
    is_due = version < SCHEMA_VERSION
    return propose_file(
        file,
        draft.manuscript.text,
        before=before,
        kind="config upgrade",
        title=f"Upgrade {file} from version {version} to {SCHEMA_VERSION}" if is_due else f"{file} needs no upgrade",
        effects=draft.effects,
        risks=_left_over(draft),
    )


@attrs.frozen(kw_only=True)
class _Draft:
    """The text as far as it has come, and what was done to it."""

    manuscript: Manuscript
    root: Path
    around: Surroundings
    allow_missing_bin: bool
    effects: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, around: Surroundings, path: str | os.PathLike[str] | None, *, allow_missing_bin: bool = False
    ) -> _Draft:
        file, root, text = config_text(around, path)
        parse_document(file, text)  # what is no TOML is refused here
        return cls(manuscript=Manuscript(file, text), root=root, around=around, allow_missing_bin=allow_missing_bin)

    @property
    def document(self) -> Document:
        return parse_document(self.manuscript.path, self.manuscript.text)

    def put(self, key: tuple[str, ...], value: Sslmode | int | Path, effect: str) -> _Draft:
        manuscript = self.manuscript.put(key, value)
        return attrs.evolve(self, manuscript=manuscript, effects=(*self.effects, f"{spelled(key)} {effect}"))


# --- from 0, which has no schema_version, to 1 -----------------------------------------------------------------------


def _from_0(draft: _Draft) -> _Draft:
    for change in (_with_sslmodes, _with_version_1, _with_bin_path, _with_shared_sslmode):
        draft = change(draft)
    return draft


def _with_version_1(draft: _Draft) -> _Draft:
    return draft.put(("configuration", "schema_version"), 1, "is 1 from now on.")


def _with_sslmodes(draft: _Draft) -> _Draft:
    """Every sslmode becomes true, false or a verify mode."""
    document = draft.document
    database = document.section("database").values
    stated: dict[tuple[str, ...], object] = {("database",): database}
    stated |= {("database", name): each for name, each in database.items()}
    found = {
        (*table, "sslmode"): values["sslmode"]
        for table, values in stated.items()
        if isinstance(values, Mapping) and not isinstance(values.get("sslmode", {}), Mapping)
    }
    _refuse_undecided(document, [key for key, value in found.items() if _word(value) in UNDECIDED])
    for key, value in found.items():
        if _meant(value) is None:
            cure = 'Write true (require), false (disable), "verify-ca" or "verify-full".'
            raise document.error("is nothing that can be understood as an sslmode.", *key, cure=cure)
    for key, value in found.items():
        meant = _meant(value)
        if meant is not None and (type(meant) is not type(value) or meant != value):
            draft = draft.put(key, meant, f"becomes {_explained(meant)}.")
    return draft


def _meant(value: object) -> Sslmode | None:
    """What a value of version 0 says; None is nothing that was ever understood."""
    word = _word(value)
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    return "verify-ca" if word == "verify-ca" else "verify-full" if word == "verify-full" else None


def _word(value: object) -> str | None:
    return str(value).strip().lower() if isinstance(value, (str, int)) else None


def _explained(mode: Sslmode) -> str:
    if isinstance(mode, str):
        return f'"{mode}"'
    return "true, which is require" if mode else "false, which is disable"


def _refuse_undecided(document: Document, keys: list[tuple[str, ...]]) -> None:
    if not keys:
        return
    others = ", ".join(f"{spelled(key)} (line {document.positions.line(key)})" for key in keys[1:])
    cure = (
        "Decide: true (require), where the server has TLS; false, where it has none; or give the profile a url that "
        "ends in ?sslmode=prefer, which is taken as it is." + (f" Likewise {others}." if others else "")
    )
    raise document.error(
        "takes TLS or goes without (prefer, allow), and version 1 can't say that.", *keys[0], cure=cure
    )


def _with_shared_sslmode(draft: _Draft) -> _Draft:
    if "sslmode" in draft.document.section("database").values:
        return draft
    return draft.put(("database", "sslmode"), False, "is false from now on, as it was where nothing was said.")


def _with_bin_path(draft: _Draft) -> _Draft:
    """The folder of psql: an existing value that holds it, else what this machine has."""
    key = ("configuration", "pg_bin_path")
    stated = draft.document.section("configuration").folder("pg_bin_path")
    if stated is not None and holds_psql(stated):
        return draft
    found = find_bin_path(draft.around)
    if found is not None:
        why = f": {stated} holds no psql" if stated is not None else ""
        return draft.put(key, found, f"becomes {found}{why}.")
    if draft.allow_missing_bin:
        return draft
    what = "names no folder that holds psql, and none was found on the PATH or where packages put it."
    raise draft.document.error(what, *key, cure=f"{HOW_TO_GET_THEM} To do without: allow_missing_bin=True.")


_UPGRADES: Mapping[int, Callable[[_Draft], _Draft]] = {0: _from_0}


def _left_over(draft: _Draft) -> tuple[str, ...]:
    """What stays wrong with the file: it was so before, and only its owner knows what was meant."""
    try:
        config_from(draft.document, draft.root)
    except ConfigError as problem:
        return (f"The file will not load yet; when it is upgraded, mend this: {problem}",)
    return ()
