"""Dump and restore: pg_dump and pg_restore, watched, whole or not at all, and proved by counts and hashes.

`taking` runs pg_dump, and the file has its name when it is whole. `reading` says what is in any dump, and finds damage.
`counting` counts and hashes what tables hold: in the snapshot of a dump that is taken, and in what was restored from
it. `restoring` proposes a restore and carries it out. `manifest` is what lies beside a dump, `choices` the words in
which all are told what is wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.dump.counting.verifying import RestoreVerification, verify_restore
    from pgops.dump.manifest import LargeObjects, Manifest, TableContent, manifest_path, read_manifest
    from pgops.dump.reading.checking import DumpCheck, check_dump
    from pgops.dump.reading.contents import Contents, read_contents
    from pgops.dump.restoring.messages import RestoreMessage
    from pgops.dump.restoring.proposing import RestoreProposal, propose_restore
    from pgops.dump.taking.dumping import Dump, dump_database
    from pgops.dump.taking.progress import DumpProgress

_HOME = {
    "Contents": "reading.contents",
    "Dump": "taking.dumping",
    "DumpCheck": "reading.checking",
    "DumpProgress": "taking.progress",
    "LargeObjects": "manifest",
    "Manifest": "manifest",
    "RestoreMessage": "restoring.messages",
    "RestoreProposal": "restoring.proposing",
    "RestoreVerification": "counting.verifying",
    "TableContent": "manifest",
    "check_dump": "reading.checking",
    "dump_database": "taking.dumping",
    "manifest_path": "manifest",
    "propose_restore": "restoring.proposing",
    "read_contents": "reading.contents",
    "read_manifest": "manifest",
    "verify_restore": "counting.verifying",
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
