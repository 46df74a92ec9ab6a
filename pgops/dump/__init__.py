"""Dump and restore: pg_dump and pg_restore, watched, whole or not at all, and proved by counts and hashes.

`plan_of_dump` is what is asked of pg_dump, `placing` gives the file its name when it is whole, `dumping` is the whole
story, `progress` looks on, `witness` counts and hashes in the dump's snapshot (`counting`), `manifest` is what lies
beside the dump. `contents` reads a dump, `checking` finds damage, `restoring` proposes and restores, `messages` tells
errors by object, and `verifying` holds what was restored against the manifest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.dump.checking import DumpCheck, check_dump
    from pgops.dump.contents import Contents, read_contents
    from pgops.dump.dumping import Dump, dump_database
    from pgops.dump.manifest import LargeObjects, Manifest, TableContent, manifest_path, read_manifest
    from pgops.dump.messages import RestoreMessage
    from pgops.dump.progress import DumpProgress
    from pgops.dump.restoring import RestoreProposal, propose_restore
    from pgops.dump.verifying import RestoreVerification, verify_restore

_HOME = {
    "Contents": "contents",
    "Dump": "dumping",
    "DumpCheck": "checking",
    "DumpProgress": "progress",
    "LargeObjects": "manifest",
    "Manifest": "manifest",
    "RestoreMessage": "messages",
    "RestoreProposal": "restoring",
    "RestoreVerification": "verifying",
    "TableContent": "manifest",
    "check_dump": "checking",
    "dump_database": "dumping",
    "manifest_path": "manifest",
    "propose_restore": "restoring",
    "read_contents": "contents",
    "read_manifest": "manifest",
    "verify_restore": "verifying",
}

__all__ = [  # noqa: RUF022  in the order in which they are used
    "dump_database",
    "Dump",
    "DumpProgress",
    "Manifest",
    "TableContent",
    "LargeObjects",
    "manifest_path",
    "read_manifest",
    "read_contents",
    "Contents",
    "check_dump",
    "DumpCheck",
    "propose_restore",
    "RestoreProposal",
    "RestoreMessage",
    "verify_restore",
    "RestoreVerification",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
