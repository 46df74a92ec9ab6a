"""What the project says: postgres.toml, the profile, who may read the file, plugins and own checks, migrations."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import attrs

from pgops.checks.catalogue import default_registry
from pgops.checks.config_settings import checks_folder
from pgops.checks.registry import Registry
from pgops.checks.security.config_file import judge, read
from pgops.checks.sql_files import with_checks_of
from pgops.config.migrations_folder import migrations_path
from pgops.config.model import Config
from pgops.config.project_facility import project_folder
from pgops.config.reading import config_place, read_config
from pgops.config.resolution import Resolution, resolve
from pgops.config.surroundings import surroundings
from pgops.doctor.examination import Sign, State
from pgops.errors import ConfigNotFoundError, ConfigVersionError, PgopsError
from pgops.findings import Finding, Severity
from pgops.migrations.auditing import audit

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from pgops.config.surroundings import Surroundings
    from pgops.secret import Secret


@attrs.frozen(kw_only=True)
class Project:
    """What was found: the config and the resolution where there are such, and the signs on the way."""

    config: Config | None
    resolution: Resolution | None
    is_named: bool
    """Whether somebody says that there is a database: in a config that is there, or by a URL or a profile's name."""
    signs: tuple[Sign, ...]


def look_at_project(
    profile: str | None,
    url: str | Secret | None,
    *,
    config: Config | str | os.PathLike[str] | None,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
) -> Project:
    """The config file, and which database is meant. Raises nothing: what is wrong is a sign."""
    around = surroundings(env, cwd)
    by_url = url is not None or (profile is None and around.db_url is not None)
    known, signs, there = _config(around, config, needed=not by_url)
    resolution = None
    named = by_url or profile is not None or around.db_profile is not None or there
    if by_url or known is not None:
        try:
            resolution = resolve(profile, url=url, config=known, env=env, cwd=cwd)
        except PgopsError as error:
            signs.append(_sign("database", State.WARNING, error.what, error.cure))
        else:
            signs.append(_sign("database", State.OK, f"{resolution.display}. {resolution.because}"))
            # A URL needs no config; with one at hand its folder of programs and its checks are known all the same.
            if resolution.config is None and known is not None:
                resolution = attrs.evolve(resolution, config=known)
    if known is not None:
        signs += _file_signs(known)
    return Project(config=known, resolution=resolution, is_named=named, signs=tuple(signs))


def _sign(name: str, state: State, message: str, cure: str = "", **more: Any) -> Sign:
    return Sign(topic="project", name=name, state=state, message=message, cure=cure, **more)


def _words(error: Exception) -> str:
    """What it says with its place, the cure apart."""
    return str(error).removesuffix(getattr(error, "cure", "")).rstrip()


def _config(
    around: Surroundings, config: Config | str | os.PathLike[str] | None, *, needed: bool
) -> tuple[Config | None, list[Sign], bool]:
    """The config if it can be read, what is to be said about it, and whether the file is there."""
    if isinstance(config, Config):
        return config, [_sign("postgres.toml", State.OK, f"{config.path}")], True
    try:
        place, _, why = config_place(around, config)
        known = read_config(around, config)
    except ConfigNotFoundError as error:
        cure = "Make one: pgops config init. Or set DB_URL."
        was_named = config is not None or around.config is not None
        sign = _sign("postgres.toml", State.MISSING, error.what, cure, matters=needed or was_named)
        return None, [sign], False
    except ConfigVersionError as error:
        # One that is newer needs a newer pgops, and its error says so.
        cure = "pgops config upgrade" if "older" in error.what else error.cure
        return None, [_sign("postgres.toml", State.WARNING, _words(error), cure)], True
    except (PgopsError, OSError) as error:
        cure = error.cure if isinstance(error, PgopsError) else "Look who may read it."
        return None, [_sign("postgres.toml", State.WARNING, _words(error), cure)], True
    signs = [_sign("postgres.toml", State.OK, f"{place}, schema version {known.schema_version} ({why})")]
    signs += [_sign("postgres.toml", State.WARNING, str(warning)) for warning in known.warnings]
    return known, signs, True


def _file_signs(config: Config) -> Iterator[Sign]:
    """Who may read the file, and would git publish it: the words of the check `security.config_file`."""
    seen = cast("Any", None)  # it judges a file, and asks neither server nor limits
    verdicts = list(judge(list(read(project_folder(config))), seen))
    for each in verdicts:
        if isinstance(each, Finding):
            about_git = "git" in each.target.also
            cure = "pgops config ignore" if about_git else "pgops config private"
            matters = each.severity >= Severity.WARNING
            yield _sign("config file", State.WARNING, each.message, cure, matters=matters)
        else:
            yield _sign("config file", State.UNSEEN, each.reason, each.cure, matters=False)
    if not verdicts:
        yield _sign("config file", State.OK, "its owner alone may read it, and git does not publish it")


def registry_of(config: Config | None) -> tuple[Registry, tuple[Sign, ...]]:
    """Every check there is here, and a sign for each plugin and .sql file that can't take part."""
    signs: list[Sign] = []
    try:
        registry = default_registry()
    except PgopsError as error:  # two plugins that claim one name
        return Registry(()), (_sign("plugins", State.WARNING, _words(error), error.cure),)
    if config is not None:
        try:
            registry = with_checks_of(registry, checks_folder(config))
            config.check_settings(registry=registry)
        except (PgopsError, OSError) as error:
            signs.append(_sign("[checks]", State.WARNING, _words(error), getattr(error, "cure", "")))
    for broken in registry.broken:
        what = "check" if broken.name.endswith(".sql") else "plugin"
        signs.append(_sign(f"{what} {broken.name}", State.WARNING, broken.error, f"Mend or remove the {what}."))
    if not signs:
        signs.append(_sign("plugins", State.OK, f"{len(registry.entries)} checks, each could be loaded"))
    return registry, tuple(signs)


def migration_signs(
    project: Project, *, env: Mapping[str, str] | None, cwd: str | os.PathLike[str] | None
) -> Iterator[Sign]:
    """The workspace, and what an audit says of it. An audit looks at files only."""
    profile = project.resolution.profile if project.resolution is not None else None
    try:
        found = migrations_path(project.config, profile, env=env, cwd=cwd)
        where = f"{found.path}. {found.because}"
        if not found.path.exists():
            cure = "Its first `pgops migrations record` makes it."
            yield _migrations(State.MISSING, f"There is no folder yet: {where}", cure, matters=False)
            return
        findings = audit(path=found.path, root=found.root, env=env, cwd=cwd)
    except (PgopsError, OSError) as error:
        yield _migrations(State.UNSEEN, _words(error), getattr(error, "cure", ""))
        return
    worst = max((finding.severity for finding in findings), default=Severity.INFO)
    counts = Counter(str(finding.severity) for finding in findings)
    said = ", ".join(f"{number} {severity}" for severity, number in counts.items()) or "nothing found"
    state = State.WARNING if worst >= Severity.WARNING else State.OK
    yield _migrations(state, f"{where} Audited: {said}.", "pgops migrations audit" if findings else "")


def _migrations(state: State, message: str, cure: str = "", *, matters: bool = True) -> Sign:
    return Sign(topic="migrations", name="workspace", state=state, message=message, cure=cure, matters=matters)
