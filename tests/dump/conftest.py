"""What the tests of dumps share: a database worth dumping, with names that nobody should have to quote by hand."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pgops.scratch import fresh_database
from tests.dump.dumps import NASTY, dumped, plant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE_SCHEMA = 'we"ird .%s\\'
HOSTILE_TABLE = "a'b\"c d\ne=$1;--"

FILL = """
CREATE SCHEMA "we""ird .%s\\";
CREATE TABLE "we""ird .%s\\"."a'b""c d
e=$1;--" (id int PRIMARY KEY, "co""l" text);
INSERT INTO "we""ird .%s\\"."a'b""c d
e=$1;--" SELECT g, 'row ' || g FROM generate_series(1, 100) AS g;
CREATE TABLE shop (id bigint PRIMARY KEY, price numeric, at timestamptz, note text);
INSERT INTO shop SELECT g, g * 1.5, '2026-01-01'::timestamptz + g * interval '1 minute', repeat(md5(g::text), 4)
  FROM generate_series(1, 5000) AS g;
CREATE VIEW dear AS SELECT * FROM shop WHERE price > 100;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
COMMENT ON TABLE shop IS 'what is sold';
"""


def fill(database) -> None:
    with database.connect() as conn:
        conn.execute(FILL)


@pytest.fixture
def filled(any_database):
    fill(any_database)
    return any_database


@pytest.fixture(scope="session")
def shop(any_server, tmp_path_factory):
    """A folder with a dump of each format, of the newest server's shop."""
    folder = tmp_path_factory.mktemp("shop")
    # pg_dump writes no tar file of a database with a line break in its name
    with fresh_database(any_server, NASTY.replace("\n", " ") + "source") as database:
        plant(database)
        for form in ("plain", "custom", "directory", "tar"):
            dumped(database, folder / form, form, "--statistics")
        dumped(database, folder / "inserts", "plain", "--inserts", "--compress=gzip")
    return folder


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of that size. Only root may mount one; where even root may not, the test ends here."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)
