"""What backup tools say: pgBackRest, Barman, WAL-G, and folders of dumps and base backups.

Each reader asks its tool and gives a `Repository`, plain data in the same words; the checks of `backup` judge it,
handed in as the facility `backups`. Nothing here makes, changes or removes a backup.

The public names are found here too, and are imported when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.backups.archived_wal import wal_gaps, wal_names
    from pgops.backups.barman import read_barman
    from pgops.backups.folder import read_folder
    from pgops.backups.model import Backup, Repository, WalGap
    from pgops.backups.pgbackrest import parse_pgbackrest, read_pgbackrest
    from pgops.backups.walg import parse_walg, read_walg

_HOME = {
    "Backup": "model",
    "Repository": "model",
    "WalGap": "model",
    "parse_pgbackrest": "pgbackrest",
    "parse_walg": "walg",
    "read_barman": "barman",
    "read_folder": "folder",
    "read_pgbackrest": "pgbackrest",
    "read_walg": "walg",
    "wal_gaps": "archived_wal",
    "wal_names": "archived_wal",
}

__all__ = [
    "Backup",
    "Repository",
    "WalGap",
    "parse_pgbackrest",
    "parse_walg",
    "read_barman",
    "read_folder",
    "read_pgbackrest",
    "read_walg",
    "wal_gaps",
    "wal_names",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
