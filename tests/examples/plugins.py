"""Plugins made on the spot: a module and the metadata that installs it, in a folder for PYTHONPATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]

CHECK_SOURCE = '''
import attrs, pgops

@attrs.frozen(kw_only=True)
class Row:
    name: str

def check(id, sql="SELECT 'thing'::text AS name", **more):
    """Something to find."""
    return pgops.Check(
        id=id, doc="Made for a test.", row=Row, queries=[pgops.Query(since=14, sql=sql)],
        judge=pgops.each_row(
            severity=pgops.Severity.INFO, target=lambda row: pgops.Target("thing", None, row.name), message="There."
        ), **more
    )
'''


def install_plugin(folder: Path, name: str, source: str, *, entry_point: str | None = None) -> Path:
    """Put the module `name` into `folder`, with the metadata of an installed distribution, and give the folder."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[pgops]\n{entry_point or name} = {name}\n", encoding="utf-8")
    return folder


def environment(*folders: Path) -> dict[str, str]:
    """The environment of a process that sees pgops and what is installed in the folders."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *folders)))}


def in_a_new_process(code: str, folders: Iterable[Path], *arguments: str) -> Any:
    """What `code` prints, which is JSON, in a process of its own: a registry is loaded once a process."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment(*folders),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
