"""An installation's programs, run by the server's account: initdb, the server, and the writing of its files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.errors import ScratchError
from pgops.scratch.account import Account, run_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgops.secret import Secret


@attrs.frozen(kw_only=True)
class ServerPrograms:
    """The folder of the programs, who runs them, and how long one may take."""

    bindir: Path
    account: Account | None
    timeout_s: float

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of ours: PGDATA, PGPORT and the locale would change the server, and DB_URL may bear a password."""
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        return {"PATH": os.defpath, "LC_ALL": "C", **kept}

    def initdb(
        self, data: Path, *, superuser: str, password: Secret, password_file: Path, options: Sequence[str]
    ) -> None:
        """Make a data directory in the empty folder `data`."""
        self._run(
            self.bindir / "initdb",
            f"--pgdata={data}",
            f"--username={superuser}",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=trust",
            "--no-sync",
            *options,
            secret=password,
        )

    def write(self, path: Path, text: str, *, append: bool = False) -> None:
        """Write a file that only the account reads."""
        self._run("/bin/sh", "-c", f'cat {">>" if append else ">"}"$1"', "sh", path, text=text)

    def _run(self, *argv: str | Path, text: str = "", secret: Secret | None = None) -> None:
        name = Path(argv[0]).name
        try:
            done = subprocess.run(  # noqa: S603  the installation's initdb, and sh with our own line
                argv,
                input=text.encode(),
                capture_output=True,
                check=False,
                cwd="/",
                env=self.environment,
                timeout=self.timeout_s,
                start_new_session=True,
                umask=0o077,
                **run_as(self.account),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ScratchError(f"{name} could not be run for the throwaway server: {error}") from error
        if done.returncode != 0:
            account = f" as the account {self.account.name}" if self.account is not None else ""
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            if secret is not None:  # initdb shows the statement that failed
                said = said.replace(secret.reveal(), str(secret))
            raise ScratchError(f"{name}{account} failed (exit code {done.returncode}):\n{said}")
