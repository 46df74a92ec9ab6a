"""Connections: made safely, pooled, waited for, tried, described, and the facts about the server at their other end.

The story by module: `settings` (what a session begins with), `attempts` (the list of tries, and which follows which
`refusals`), `planning` (what the caller says becomes such a list), `connecting` (the tries are made) and `pooling`,
`session` (proved read-only before it is handed out); `lost_service` puts a PGSERVICE aside that leads nowhere.
`fallback` says that TLS was needed, `cures` what to do about a failure, `readiness` whether it will pass; `waiting` and
`trial` live on that. `description`, `versions` and `server` are what is at the other end, `identity` what an approval
is bound to, `pooler_console` is what may stand between.

Over a connection that is the caller's: `callers_connection` refuses one that can't be asked and leaves it as it was,
`working_session` opens sessions like it, without its limits, and `deadline` hangs up where nobody answers.

The public names are found here too, and are imported when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.db.connecting import connect, connect_async
    from pgops.db.description import ConnectionInfo, Tls, connection_info, connection_info_async
    from pgops.db.fallback import Fallback
    from pgops.db.pooler_console import Pooler, read_pooler
    from pgops.db.pooling import open_async_pool, open_pool
    from pgops.db.readiness import Standing
    from pgops.db.server import Lack, Server
    from pgops.db.trial import ConnectionTest, TrialOutcome, test_connection, test_connection_async
    from pgops.db.versions import ServerVersion, pg_version
    from pgops.db.waiting import Waiting, wait_until_ready, wait_until_ready_async

_HOME = {
    "ConnectionInfo": "description",
    "ConnectionTest": "trial",
    "Fallback": "fallback",
    "Lack": "server",
    "Pooler": "pooler_console",
    "Server": "server",
    "ServerVersion": "versions",
    "Standing": "readiness",
    "Tls": "description",
    "TrialOutcome": "trial",
    "Waiting": "waiting",
    "connect": "connecting",
    "connect_async": "connecting",
    "connection_info": "description",
    "connection_info_async": "description",
    "open_async_pool": "pooling",
    "open_pool": "pooling",
    "pg_version": "versions",
    "read_pooler": "pooler_console",
    "test_connection": "trial",
    "test_connection_async": "trial",
    "wait_until_ready": "waiting",
    "wait_until_ready_async": "waiting",
}

__all__ = [
    "ConnectionInfo",
    "ConnectionTest",
    "Fallback",
    "Lack",
    "Pooler",
    "Server",
    "ServerVersion",
    "Standing",
    "Tls",
    "TrialOutcome",
    "Waiting",
    "connect",
    "connect_async",
    "connection_info",
    "connection_info_async",
    "open_async_pool",
    "open_pool",
    "pg_version",
    "read_pooler",
    "test_connection",
    "test_connection_async",
    "wait_until_ready",
    "wait_until_ready_async",
]


__getattr__, __dir__ = face(__name__, globals(), _HOME)
