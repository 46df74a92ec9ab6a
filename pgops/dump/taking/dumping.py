"""A dump: the right pg_dump, watched while it works, and a file that is there only once it is whole."""

from __future__ import annotations

import datetime as dt
import secrets
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import psycopg

from pgops.db.callers_connection import as_found
from pgops.db.identity import database_identity
from pgops.db.working_session import Standing, another
from pgops.dump.choices import Content, Format
from pgops.dump.manifest import Manifest, file_facts, manifest_path
from pgops.dump.taking.failures import dump_error
from pgops.dump.taking.placing import place_for
from pgops.dump.taking.plan import DumpPlan, compression_of, format_of
from pgops.dump.taking.progress import DumpProgress, OnDumpProgress, Watch
from pgops.dump.taking.refusals import refuse_compression, refuse_pooler
from pgops.dump.taking.warnings import Warnings
from pgops.dump.taking.witness import testifying
from pgops.errors import DumpError
from pgops.findings import as_tuple
from pgops.programs import PG_DUMP, ChildConnection, find_program, started

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from pgops.dump.taking.witness import Witness
    from pgops.programs import ClientProgram

_LOOK_S = 0.25


@attrs.frozen(kw_only=True)
class Dump:
    """A dump that was made: where it lies, and what is known of it."""

    path: Path
    manifest: Manifest
    size_bytes: int
    seconds: float
    warnings: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    """What pg_dump warned of, as of foreign keys in a circle that rows alone can't be restored through."""

    @property
    def manifest_path(self) -> Path:
        """The manifest's file, beside the dump."""
        return manifest_path(self.path)


def dump_database(
    conn: psycopg.Connection[Any],
    file: str | os.PathLike[str],
    *,
    content: str = "all",
    format: str | None = None,  # noqa: A002  pg_dump's own word
    jobs: int = 1,
    compression: str | None = None,
    verify: bool = False,
    owner: bool = False,
    privileges: bool = False,
    comments: bool | None = None,
    schemas: Sequence[str] = (),
    tables: Sequence[tuple[str, str]] = (),
    overwrite: bool = False,
    lock_wait_s: float = 30.0,
    bin_path: str | os.PathLike[str] | None = None,
    on_progress: OnDumpProgress | None = None,
) -> Dump:
    """Dump `conn`'s database to `file` with pg_dump, and write its manifest beside it.

    The file is for its owner alone (mode 0600), and it is there only once it is whole: an error, Ctrl-C or a full disk
    leave nothing. `content` is `all`, `schema` or `data`; `format` is `plain`, `custom` or `directory`, by default as
    the name says (`.sql`, `.dir`, any other); `jobs` write a directory. `compression` is `none`, `gzip`, `lz4` or
    `zstd`, with a level if you like (`zstd:3`), as far as that pg_dump was built with it. Owners and privileges are
    left out unless asked for, and comments where only the schema is dumped; `schemas` and `tables` are exact names.

    With `verify`, rows are counted and hashed in the very snapshot that pg_dump reads, while it does, with writers at
    work: `pgops.dump.verify_restore` holds a restored database against that.

    pg_dump is the lowest version that is as new as the server and can do what this connection needs (TLS), of
    `bin_path`, PATH, the usual folders and the embedded package. `conn` is only read, and left as it was found. Table
    locks (ACCESS SHARE) are waited for `lock_wait_s` seconds.

    Raises `NoClientProgramError` and `PoolerError` before anything begins, `DumpError` where nothing was made, in
    pg_dump's own words.
    Roles and tablespaces are not in a dump (PostgreSQL manual, pg_dump).
    """
    path = Path(file)
    plan = DumpPlan(
        path=path,
        format=Format(format) if format is not None else format_of(path, jobs=jobs),
        content=Content(content),
        jobs=jobs,
        compression=compression or compression_of(path),
        owner=owner,
        privileges=privileges,
        comments=content != Content.SCHEMA if comments is None else comments,
        schemas=schemas,
        tables=tables,
        lock_wait_s=lock_wait_s,
    )
    if verify and plan.content is Content.SCHEMA:
        raise DumpError("A dump of the schema alone has no rows to verify.", cure="Leave verify out.")
    began = dt.datetime.now(dt.UTC)
    refuse_pooler(conn)
    with as_found(conn):
        identity = database_identity(conn)
        child = ChildConnection.like(conn, application=f"pgops dump {secrets.token_hex(4)}")
        role = _role_beside_login(conn)
    program = find_program(PG_DUMP, server=child.server_major, target=child.target, folder=bin_path)
    refuse_compression(program, plan.compression)
    with place_for(path, overwrite=overwrite) as place, ExitStack() as stack:
        witness = stack.enter_context(testifying(conn, plan)) if verify else None
        arguments = plan.arguments(
            major=program.major,
            target=place.partial,
            encoding=_encoding(conn),
            snapshot=witness.snapshot if witness else None,
            role=role,
        )
        watch = stack.enter_context(_watching(conn, child, plan)) if on_progress is not None else None
        warnings = _run(program, arguments, child, witness=witness, watch=watch, on_progress=on_progress or _nobody)
        testimony = _rest_of_testimony(witness, on_progress or _nobody)
        (on_progress or _nobody)(DumpProgress(phase="checksums"))
        manifest = Manifest(
            dump=path.name,
            format=plan.format,
            content=plan.content,
            database=str(identity["database"]),
            system=identity["system"],
            server=conn.info.parameter_status("server_version") or str(child.server_version),
            program=f"{program.name} {program.version}",
            began=began,
            ended=dt.datetime.now(dt.UTC),
            files=file_facts(place.partial, called=path.name),
            **testimony,
        )
        place.take(manifest)
    return Dump(
        path=place.final if path.is_symlink() else path,  # beside it is the manifest
        manifest=manifest,
        size_bytes=sum(each.size_bytes for each in manifest.files),
        seconds=(manifest.ended - began).total_seconds(),
        warnings=warnings,
    )


def _nobody(progress: DumpProgress) -> None:
    """Progress that nobody wants to hear of."""


def _encoding(conn: psycopg.Connection[Any]) -> str:
    """UTF8, but for a database without an encoding: what bytes it holds nobody can convert."""
    return "SQL_ASCII" if conn.info.parameter_status("server_encoding") == "SQL_ASCII" else "UTF8"


def _role_beside_login(conn: psycopg.Connection[Any]) -> str | None:
    """The role that the caller has set, where it is not the one that it logged in as."""
    role = Standing.of(conn).role
    return role if role != conn.info.user else None


@contextmanager
def _watching(conn: psycopg.Connection[Any], child: ChildConnection, plan: DumpPlan) -> Iterator[Watch | None]:
    """A session that looks on. Where there is no room for it, the dump goes on unwatched."""
    with ExitStack() as stack:
        watch = None
        try:
            session = stack.enter_context(another(conn, application="pgops dump progress"))
            watch = Watch(session, str(child.target.params["application_name"]))
            watch.expect(plan.tables, plan.schemas)
        except psycopg.Error:
            watch = None
        yield watch


def _run(
    program: ClientProgram,
    arguments: Sequence[str],
    child: ChildConnection,
    *,
    witness: Witness | None,
    watch: Watch | None,
    on_progress: OnDumpProgress,
) -> tuple[str, ...]:
    """pg_dump from its start to its end, and its warnings; what counts rows meanwhile ends it when it fails."""
    warnings = Warnings()

    def hear(line: str) -> None:
        warnings.hear(line)
        if watch is not None:
            watch.hear(line)

    with started(program, arguments, child, on_line=hear) as at_work:
        if witness is not None:
            witness.begin()
        while not at_work.has_ended(_LOOK_S):
            if witness is not None:
                witness.refuse_failed()
            if watch is not None:
                _tell(watch, on_progress)
    if at_work.problem is not None:
        raise dump_error(at_work, child)
    return warnings.told


def _tell(watch: Watch, on_progress: OnDumpProgress) -> None:
    try:
        progress = watch.poll()
    except psycopg.Error:  # the looking session was lost: pg_dump itself says whether that is worse
        return
    on_progress(progress)


def _rest_of_testimony(witness: Witness | None, on_progress: OnDumpProgress) -> dict[str, Any]:
    if witness is None:
        return {}
    while not witness.has_ended(_LOOK_S):
        on_progress(witness.progress)
    return witness.testimony()
