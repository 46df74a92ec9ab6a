"""`pgops config test | upgrade | sslmode | ignore | private`: a profile tried, postgres.toml changed with consent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pgops.cli.exits import Exit
from pgops.cli.options import json_option, profile_argument, target_options
from pgops.cli.printing import show_document, show_exactly
from pgops.cli.records import change_file

if TYPE_CHECKING:
    from pgops.config.writing import FileProposal
    from pgops.db.trial import ConnectionTest
    from pgops.secret import Secret

TEST = "pgops.connection_test/1"

CHANGE_CODES = """\b
Exit codes:
  0    it is done, or there was nothing to change
  2    the command was given wrongly
  3    nothing was changed: no consent, no file, a file that can't be read
  130  ended by Ctrl-C; nothing was changed
"""


@click.command(
    "test",
    epilog="""\b
Examples:
  pgops config test                 does it connect, as whom, to what, with TLS?
  pgops config test -p prod --json

\b
Exit codes:
  0  it connected
  2  the command was given wrongly, a profile that is not there
  3  it did not connect, and the answer says why; no database is named
""",
)
@target_options
@json_option
def test(*, profile: str | None, url: Secret | None, as_json: bool) -> int:
    """Connect, look at what is there, and close.

    Says database, user, host, port, server version, search_path, read-only default, time zone, application_name, TLS.
    """
    from pgops.cli.database import tell
    from pgops.db.trial import test_connection

    found = test_connection(profile, url=url)
    if found.fallback is not None:
        tell(found.fallback)
    if as_json:
        show_exactly(json.dumps({"schema": TEST, **_facts(found)}, indent=2, ensure_ascii=False))
    else:
        show_document(found.to_document())
    return Exit.CLEAN if found.ok else Exit.NO_ANSWER


def _facts(found: ConnectionTest) -> dict[str, Any]:
    import attrs

    from pgops.findings import as_json as plain

    info: Any = None
    if found.info is not None:
        info = plain(attrs.asdict(found.info)) | {"version": str(found.info.version)}
    shown = ("outcome", "display", "profile", "because", "seconds", "error", "cure")
    return {name: plain(getattr(found, name)) for name in shown} | {"ok": found.ok, "connection": info}


@click.command(
    "upgrade",
    epilog="\b\nExamples:\n  pgops config upgrade\n  DB_CONFIRM=YES pgops config upgrade --json\n\n" + CHANGE_CODES,
)
@click.option("--allow-missing-bin", is_flag=True, help="Do without a pg_bin_path where no psql is found.")
@json_option
def upgrade(*, allow_missing_bin: bool, as_json: bool) -> None:
    """Bring postgres.toml to the version that this pgops reads.

    Comments, order and unknown keys stay, a backup is kept beside it. Shows the difference and asks; DB_CONFIRM=YES in
    the environment agrees beforehand.
    """
    from pgops.config.upgrade import propose_upgrade

    change_file(propose_upgrade(allow_missing_bin=allow_missing_bin), as_json=as_json)


_MODES: dict[str, Any] = {"true": True, "false": False, "verify-ca": "verify-ca", "verify-full": "verify-full"}


@click.command(
    "sslmode",
    epilog="""\b
Examples:
  pgops config sslmode prod true            encryption, or no connection
  pgops config sslmode prod verify-full     and the server is the one that it says it is

"""
    + CHANGE_CODES,
)
@profile_argument
@click.argument("mode", type=click.Choice(list(_MODES)), metavar="true|false|verify-ca|verify-full")
@json_option
def sslmode(*, profile: str, mode: str, as_json: bool) -> None:
    """Set the sslmode of one PROFILE in postgres.toml, and change nothing else there.

    true is libpq's require, false its disable. Shows the difference and asks; DB_CONFIRM=YES agrees beforehand.
    """
    from pgops.config.editing import set_sslmode

    change_file(set_sslmode(profile, _MODES[mode]), as_json=as_json)


@click.command(
    "ignore",
    epilog="""\b
Examples:
  pgops config ignore
  pgops check check_toml_gitignored      only look whether git would publish it

"""
    + CHANGE_CODES,
)
@json_option
def ignore(*, as_json: bool) -> None:
    """Have git ignore postgres.toml and its backups: one line more in .gitignore.

    Shows the line and asks; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.config.protecting import propose_ignored
    from pgops.config.reading import load_config

    change_file(propose_ignored(load_config()), as_json=as_json)


@click.command("private", epilog="\b\nExamples:\n  pgops config private\n\n" + CHANGE_CODES)
@json_option
def private(*, as_json: bool) -> None:
    """Leave postgres.toml to its owner alone: mode 0600.

    Shows what would be done and asks; DB_CONFIRM=YES in the environment agrees beforehand.
    """
    from pgops.config.protecting import propose_private
    from pgops.config.reading import load_config

    proposal: FileProposal = propose_private(load_config())
    change_file(proposal, as_json=as_json)


COMMANDS = (test, upgrade, sslmode, ignore, private)
