"""The examination, in the order in which one thing depends on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.doctor.examination import Examination, Sign, State
from pgops.doctor.machine import backup_signs, extra_signs, program_signs, python_signs
from pgops.findings import as_json

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from pgops.config.model import Config
    from pgops.secret import Secret


def examine(
    profile: str | None = None,
    *,
    url: str | Secret | None = None,
    config: Config | str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> Examination:
    """Look at everything that keeps pgops from working well here, and say what to do about each thing.

    The arguments are those of `pgops.resolve`. It works without a config and without a server: what is missing is a
    sign, and so is what is wrong. Nothing is changed: the one connection is read-only, each program that is found is
    asked for its version, git whether it would publish the file. Raises nothing but what Ctrl-C does.
    """
    signs = [*python_signs()]
    if any(sign.name == "psycopg" and sign.is_bad for sign in signs):
        return Examination(signs=signs)  # without libpq nothing else can be imported
    from pgops.doctor.project import look_at_project, migration_signs, registry_of  # noqa: PLC0415  they need libpq
    from pgops.programs.dependencies import check_deps  # noqa: PLC0415  as above

    project = look_at_project(profile, url, config=config, env=env, cwd=cwd)
    del url  # a traceback that prints locals would show what it holds
    registry, of_registry = registry_of(project.config)
    connected: tuple[Sign, ...] = ()
    info = None
    if project.resolution is not None:
        from pgops.doctor.database import look_at_database  # noqa: PLC0415  as above

        connected, info = look_at_database(project.resolution, registry, env=env)
    elif project.is_named:
        what = "The database that is meant could not be decided on, so it was not looked at."
        connected = (Sign(topic="connection", name="reached", state=State.UNSEEN, message=what),)
    else:
        what = "No database is named, so none was looked at."
        cure = "Set DB_URL, or make a profile: pgops config init"
        connected = (Sign(topic="connection", name="database", state=State.MISSING, message=what, cure=cure),)
    folder = project.config.pg_bin_path if project.config is not None else None
    found = check_deps(bin_path=folder, env=env)
    major = info.version.major if info is not None else None
    return Examination(
        signs=(
            *signs,
            *extra_signs(found),
            *program_signs(found, project.resolution, major),
            *project.signs,
            *of_registry,
            *connected,
            *migration_signs(project, env=env, cwd=cwd),
            *backup_signs(found),
        ),
        database=project.resolution.display if project.resolution is not None else None,
        profile=project.resolution.profile.name if project.resolution and project.resolution.profile else None,
        because=project.resolution.because if project.resolution is not None else None,
        dependencies=found.to_facts(),
        connection=as_json(attrs.asdict(info)) if info is not None else None,
    )
