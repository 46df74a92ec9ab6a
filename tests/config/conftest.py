"""A project on disk: a root with a postgres.toml in its place, and folders to stand in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from pgops.config.reading import load_config
from pgops.config.resolution import resolve
from pgops.config.surroundings import CONFIG_PLACE

if TYPE_CHECKING:
    from pgops.config.model import Config
    from pgops.config.resolution import Resolution

VERSION_1 = "[configuration]\nschema_version = 1\n"


@attrs.frozen
class Project:
    """Its calls see no environment but the one they are given."""

    root: Path

    @property
    def file(self) -> Path:
        return self.root / CONFIG_PLACE

    def write(self, text: str, *, header: str = VERSION_1) -> Path:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(header + text, encoding="utf-8")
        return self.file

    def folder(self, place: str) -> Path:
        made = self.root / place
        made.mkdir(parents=True, exist_ok=True)
        return made

    def load(self, text: str, *, header: str = VERSION_1) -> Config:
        return load_config(self.write(text, header=header), cwd=self.root, env={})

    def resolve(self, profile: str | None = None, *, place: str = ".", env=None, **how) -> Resolution:
        return resolve(profile, cwd=self.folder(place), env=env or {}, **how)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "shop"
    (root / ".git").mkdir(parents=True)
    return Project(root)
