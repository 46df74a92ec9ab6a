"""What pgops needs of a machine: found, or how to install it."""

from __future__ import annotations

import json

import psycopg
import pytest

import pgops
from pgops.programs.dependencies import install_line
from pgops.render.text import to_text
from tests.programs.test_finding import script

LINES = {
    "Debian": ("Linux", 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n', "apt-get install postgresql-client"),
    "Ubuntu": ("Linux", "ID=ubuntu\nID_LIKE=debian\n", "apt-get install postgresql-client"),
    "Mint": ("Linux", 'ID_LIKE="ubuntu debian"\nID=linuxmint', "apt-get install postgresql-client"),
    "Fedora": ("Linux", "ID=fedora\n", "dnf install postgresql"),
    "Rocky": ("Linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install postgresql"),
    "Amazon": ("Linux", 'ID="amzn"\nID_LIKE="fedora"\n', "dnf install postgresql15"),
    "Alpine": ("Linux", "ID=alpine\n", "apk add postgresql-client"),
    "Arch": ("Linux", "ID=arch\n", "pacman -S postgresql-libs"),
    "Leap": ("Linux", 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "zypper install postgresql"),
    "SLES": ("Linux", "ID='sles'\nID_LIKE='suse'\n", "zypper install postgresql"),
    "unheard of": ("Linux", "ID=plan9\n", None),
    "no os-release": ("Linux", "", None),
    "a name that only ends so": ("Linux", "VARIANT_ID=debian\n", None),
    "macOS": ("Darwin", "", "brew install libpq"),
    "Windows": ("Windows", "", "winget install --id PostgreSQL.PostgreSQL.17"),
}


@pytest.mark.parametrize(("system", "release", "line"), LINES.values(), ids=LINES.keys())
def test_the_line_that_installs_them(system, release, line):
    assert install_line(system, release) == line


def test_this_machine():
    found = pgops.check_deps()
    assert found.psycopg == psycopg.__version__
    assert {name for name, _, _ in found.extras} >= {"click", "postgast"}
    facts = json.loads(found.to_json())
    assert facts["schema"] == "pgops.dependencies/1"
    assert facts["complete"] == found.is_complete == (not facts["missing"])
    assert "Client programs" in to_text(found.to_document())


def test_the_chosen_one_fits_the_server(tmp_path):
    for version in ("14.1", "33.1"):
        for name in ("psql", "pg_dump"):
            body = f"case $1 in --version) echo '{name} (PostgreSQL) {version}';; esac"
            script(tmp_path / version, name, body)
    env = {"PATH": f"{tmp_path / '14.1'}:{tmp_path / '33.1'}"}
    found = pgops.check_deps(env=env, server=33)
    chosen = {name: found.chosen(name) for name in ("psql", "pg_dump", "pg_restore")}
    assert {name: each and each.version for name, each in chosen.items()} == {
        "psql": "33.1",
        "pg_dump": "33.1",
        "pg_restore": None,
    }
    assert found.missing == ("pg_restore",)
    assert "Missing: pg_restore." in to_text(found.to_document())
    assert pgops.check_deps(env=env, server=34).missing == ("pg_dump", "pg_restore")
    assert pgops.check_deps(bin_path=tmp_path / "14.1", env=env).found("psql")[0].program.source == "pg_bin_path"
