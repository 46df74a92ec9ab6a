"""postgres.toml, and the decision which database is meant.

The story by module: `surroundings` (environment, working directory, project root), `document` (the file, its secrets
sealed at once, and the line of every key from `positions`), `model` (`Config` and `Profile`), `reading` (document to
model), `target` (profile to connection parameters, the rest of libpq's pinned by `pinning`), `password_source` (a
password that is in a variable or had from a program), `resolution` (which one, and why), `pair` (which two),
`migrations_folder`, `project_facility` and `protecting` (who may read the file, and would git publish it), the
folders `scanning` (connections that the project's own files mention) and `bootstrapping` (a profile made by questions
and answers).

What changes the file gives a proposal: `upgrade` and `editing`, on a `manuscript`; `writing` applies it, shown as
`masking` lets it, one writer at a time by `locking`. `reference` says what may stand in the file.

The public names are found here too, and are imported when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.config.bootstrapping.dialogue import Bootstrapped, bootstrap
    from pgops.config.bootstrapping.scripted_ui import ScriptedUi
    from pgops.config.bootstrapping.ui import Ui
    from pgops.config.client_programs import pg_bin_path
    from pgops.config.editing import (
        add_profile,
        change_profile,
        record_pg_bin_path,
        remove_profile,
        set_migrations_path,
        set_pg_bin_path,
        set_sslmode,
    )
    from pgops.config.migrations_folder import MigrationsPath, migrations_path
    from pgops.config.model import CheckTables, Config, ConfigWarning, Profile
    from pgops.config.pair import resolve_pair
    from pgops.config.project_facility import ProjectFolder, project_folder
    from pgops.config.protecting import propose_ignored, propose_private
    from pgops.config.reading import load_config
    from pgops.config.resolution import Resolution, Source, resolve
    from pgops.config.scanning.candidates import Candidate
    from pgops.config.scanning.scanner import Scan, scan
    from pgops.config.upgrade import needs_upgrade, propose_upgrade
    from pgops.config.writing import FileProposal, propose_file

_HOME = {
    "Bootstrapped": "bootstrapping.dialogue",
    "Candidate": "scanning.candidates",
    "CheckTables": "model",
    "Config": "model",
    "ConfigWarning": "model",
    "FileProposal": "writing",
    "MigrationsPath": "migrations_folder",
    "Profile": "model",
    "ProjectFolder": "project_facility",
    "Resolution": "resolution",
    "Scan": "scanning.scanner",
    "ScriptedUi": "bootstrapping.scripted_ui",
    "Source": "resolution",
    "Ui": "bootstrapping.ui",
    "add_profile": "editing",
    "bootstrap": "bootstrapping.dialogue",
    "change_profile": "editing",
    "load_config": "reading",
    "migrations_path": "migrations_folder",
    "needs_upgrade": "upgrade",
    "pg_bin_path": "client_programs",
    "project_folder": "project_facility",
    "propose_file": "writing",
    "propose_ignored": "protecting",
    "propose_private": "protecting",
    "propose_upgrade": "upgrade",
    "record_pg_bin_path": "editing",
    "remove_profile": "editing",
    "resolve": "resolution",
    "resolve_pair": "pair",
    "scan": "scanning.scanner",
    "set_migrations_path": "editing",
    "set_pg_bin_path": "editing",
    "set_sslmode": "editing",
}

__all__ = [
    "Bootstrapped",
    "Candidate",
    "CheckTables",
    "Config",
    "ConfigWarning",
    "FileProposal",
    "MigrationsPath",
    "Profile",
    "ProjectFolder",
    "Resolution",
    "Scan",
    "ScriptedUi",
    "Source",
    "Ui",
    "add_profile",
    "bootstrap",
    "change_profile",
    "load_config",
    "migrations_path",
    "needs_upgrade",
    "pg_bin_path",
    "project_folder",
    "propose_file",
    "propose_ignored",
    "propose_private",
    "propose_upgrade",
    "record_pg_bin_path",
    "remove_profile",
    "resolve",
    "resolve_pair",
    "scan",
    "set_migrations_path",
    "set_pg_bin_path",
    "set_sslmode",
]


__getattr__, __dir__ = face(__name__, globals(), _HOME)
