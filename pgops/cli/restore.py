"""`pgops restore`: a dump into a database, with consent; or a look at a dump: what is in it, is it whole."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pgops.cli.exits import Exit
from pgops.cli.options import target_options
from pgops.cli.printing import complain, is_terminal, show, show_document, show_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.approval import Record
    from pgops.config.resolution import Resolution
    from pgops.dump.restoring.messages import RestoreMessage
    from pgops.dump.restoring.work import OnRestoreProgress, RestoreProgress
    from pgops.secret import Secret

EPILOG = """\b
Examples:
  pgops restore shop.dump --list
  pgops restore shop.dump --check
  pgops restore shop.dump -p staging
  DB_CONFIRM=YES pgops restore shop.dir -p drill --jobs 4 --verify --json
\b
Exit codes:
  0    done, and with --verify: the database holds what was dumped
  1    the dump is damaged, or --verify found differences, or could not compare all of it
  2    the command was given wrongly
  3    it could not be done; what was restored until then, if anything, is said
  130  ended by Ctrl-C
"""


@click.command("restore", epilog=EPILOG)
@click.argument("file", type=click.Path())
@click.option("--list", "only_list", is_flag=True, help="Show what is in the dump. No database is needed.")
@click.option("--check", "only_check", is_flag=True, help="Read the whole dump, and say whether it is damaged.")
@click.option("--into-existing", is_flag=True, help="Restore though the database holds objects already.")
@click.option(
    "--content",
    type=click.Choice(["all", "schema", "data"]),
    default="all",
    show_default=True,
    help="What of the dump is restored.",
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Sessions at work (custom and directory dumps). More than one are not one transaction.",
)
@click.option(
    "--single-transaction/--no-single-transaction",
    default=None,
    help="All or nothing, or entry by entry: one transaction needs a lock for each object. Default: with one job.",
)
@click.option("--owner", is_flag=True, help="Give objects the owners that they had.")
@click.option("--privileges", is_flag=True, help="Grant what was granted.")
@click.option("--subscriptions", is_flag=True, help="Restore subscriptions, too: they connect to another server.")
@click.option("--no-tablespaces", is_flag=True, help="Put everything into the database's own tablespace.")
@click.option(
    "--disable-triggers",
    is_flag=True,
    help="With --content data: triggers don't fire, foreign keys are not checked. Superusers only.",
)
@click.option("--analyze", is_flag=True, help="Gather statistics afterwards, which few dumps have.")
@click.option("--verify", is_flag=True, help="Hold the restored rows against the manifest of a verified dump.")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(
    *,
    file: str,
    only_list: bool,
    only_check: bool,
    into_existing: bool,
    content: str,
    jobs: int,
    owner: bool,
    privileges: bool,
    subscriptions: bool,
    single_transaction: bool | None,
    no_tablespaces: bool,
    disable_triggers: bool,
    analyze: bool,
    verify: bool,
    profile: str | None,
    url: Secret | None,
    as_json: bool,
) -> int:
    """Restore the dump FILE, a file or a folder, into a database, which has to be empty.

    Shows the target, what is in it and what would be done, and asks; DB_CONFIRM=YES in the environment agrees
    beforehand. It is all done in one transaction, or not at all, unless --jobs or --no-single-transaction says
    otherwise.
    """
    if only_list and only_check:
        raise click.UsageError("--list and --check are two commands: give one.")
    if only_list:
        return _list(file, as_json=as_json)
    if only_check:
        return _check(file, as_json=as_json)
    wanted = {
        "into_existing": into_existing,
        "content": content,
        "jobs": jobs,
        "owner": owner,
        "privileges": privileges,
        "subscriptions": subscriptions,
        "single_transaction": single_transaction,
        "tablespaces": not no_tablespaces,
        "disable_triggers": disable_triggers,
    }
    return _restore(file, wanted, profile, url, analyze=analyze, verify=verify, as_json=as_json)


def _list(file: str, *, as_json: bool) -> int:
    from pgops.dump.reading.contents import read_contents
    from pgops.errors import DamagedDumpError

    try:
        contents = read_contents(file)
    except DamagedDumpError as damage:
        return _damaged(file, damage, as_json=as_json)
    if as_json:
        show_exactly(json.dumps(contents.to_facts(), indent=2, ensure_ascii=True))
    else:
        show_document(contents.to_document())
    return Exit.CLEAN


def _check(file: str, *, as_json: bool) -> int:
    from pgops.dump.reading.checking import check_dump
    from pgops.errors import DamagedDumpError

    try:
        checked = check_dump(file)
    except DamagedDumpError as damage:
        return _damaged(file, damage, as_json=as_json)
    if as_json:
        show_exactly(json.dumps({**checked.to_facts(), "damaged": False}, indent=2))
    else:
        show([f"{file} is whole: {checked.proved}.\n", *(f"  not proved: {each}\n" for each in checked.unproved)])
    return Exit.CLEAN


def _damaged(file: str, damage: Any, *, as_json: bool) -> int:
    if as_json:
        facts = {"schema": "pgops.dump-check/1", "path": file, "damaged": True, "what": damage.what}
        show_exactly(json.dumps(facts, indent=2))
    else:
        complain(damage.what, damage.cure)
    return Exit.FINDINGS


def _restore(
    file: str,
    wanted: dict[str, Any],
    profile: str | None,
    url: Secret | None,
    *,
    analyze: bool,
    verify: bool,
    as_json: bool,
) -> int:
    from pgops.cli.consent import approval_for
    from pgops.cli.database import connected
    from pgops.config.resolution import resolve
    from pgops.dump.restoring.proposing import propose_restore
    from pgops.errors import DamagedDumpError, RestoreError

    resolution = resolve(profile, url=url)
    if verify:
        _refuse_unverified(file)
    with connected(resolution, read_only=False) as conn:
        conn.autocommit = True
        try:
            proposal = propose_restore(conn, file, **wanted, bin_path=_bin_path(resolution))
            approval = approval_for(proposal)
            with _progress() as on_progress:
                record = proposal.apply(conn, approval=approval, analyze=analyze, on_progress=on_progress)
        except DamagedDumpError as damage:
            return _damaged(file, damage, as_json=as_json)
        except RestoreError as error:
            _explain(error.failures)
            raise
        verification = None
        if verify:
            from pgops.dump.counting.verifying import verify_restore

            verification = verify_restore(conn, file, jobs=wanted["jobs"])
    _show(record, verification, as_json=as_json)
    return Exit.CLEAN if verification is None or verification.is_proved else Exit.FINDINGS


def _bin_path(resolution: Resolution) -> str | None:
    path = resolution.config.pg_bin_path if resolution.config is not None else None
    return str(path) if path is not None else None


def _refuse_unverified(file: str) -> None:
    """Before anything is restored: a dump without counts can't be verified afterwards."""
    from pgops.dump.manifest import read_manifest
    from pgops.errors import ManifestError

    manifest = read_manifest(file)
    if manifest is None or not manifest.is_verified:
        what = "no manifest" if manifest is None else "a manifest without counts of rows"
        raise ManifestError(
            f"{file} has {what}: there is nothing to verify a restore against.", cure="Dump it with --verify."
        )


def _explain(failures: tuple[Any, ...]) -> None:
    """What failed beyond the first, which is in the error; and details of each."""
    failure: RestoreMessage
    for number, failure in enumerate(failures):
        if number:
            complain(f"{failure} [{failure.cause}]", failure.cure)
        for detail in failure.details:
            complain(detail)


def _show(record: Record, verification: Any, *, as_json: bool) -> None:
    import attrs

    from pgops.findings import as_json as plain

    if as_json:
        facts = {"schema": "pgops.record/1", **attrs.asdict(record)}
        if verification is not None:
            facts["verification"] = json.loads(verification.to_json())
        show_exactly(json.dumps(plain(facts), indent=2, ensure_ascii=True))
        return
    seconds = (record.ended - record.began).total_seconds()
    show([f"{record.title}: {record.details['entries']:,} entries restored in {seconds:.1f} s.\n"])
    show(f"  {each}\n" for each in record.details["advice"])
    for warning in record.details["warnings"]:
        complain(f"warning: {warning}")
    if verification is not None:
        show_document(verification.to_document())


@contextmanager
def _progress() -> Iterator[OnRestoreProgress | None]:
    """A bar on stderr where that is a terminal, else nothing."""
    if not is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from pgops.render.visible import visible

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def moved(event: RestoreProgress) -> None:
            bar.update(task, completed=event.done, total=event.total, description=visible(event.what)[:60])

        yield moved
