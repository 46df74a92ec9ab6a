"""The server listens on the network and has no TLS, or takes old versions of it.

With ssl = off nobody can encrypt, whatever the client asks for. ssl_min_protocol_version below TLSv1.2 lets a client,
or who stands between, choose a version that is known to be broken.

A WARNING. Listening on localhost or sockets alone is not found. A false alarm: a proxy in front that ends the
encryption, or a network that encrypts by itself. The server needs a certificate (ssl_cert_file) before `ssl = on`
works, so there is no remedy for it.

Manual: section 18.9; section 19.3.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Requires, Scope
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    ssl: bool
    min_version: str
    listen_addresses: str
    on_network: bool


SQL = """
SELECT pg_catalog.current_setting('ssl')::bool              AS ssl,
       pg_catalog.current_setting('ssl_min_protocol_version') AS min_version,
       pg_catalog.current_setting('listen_addresses')       AS listen_addresses,
       EXISTS (SELECT
                 FROM pg_catalog.regexp_split_to_table(pg_catalog.current_setting('listen_addresses'), ' *, *')
                   AS listened (address)
                WHERE listened.address <> ''
                  AND listened.address <> 'localhost'
                  AND listened.address <> '::1'
                  AND listened.address NOT LIKE '127.%%')   AS on_network
"""

_OLD = frozenset({"", "TLSv1", "TLSv1.1"})


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    for row in rows:
        if not row.on_network:
            continue
        details = attrs.asdict(row)
        if not row.ssl:
            message = f"The server listens on {row.listen_addresses} and ssl is off: no connection can be encrypted."
            yield Finding(Severity.WARNING, Target("setting", None, "ssl"), message, details=details)
        elif row.min_version in _OLD:
            allowed = row.min_version or "any version"
            message = (
                f"The server takes {allowed} of TLS on {row.listen_addresses}: versions before 1.2 are broken. A "
                "change takes effect with SELECT pg_reload_conf()."
            )
            fix = "ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1.2';"
            target = Target("setting", None, "ssl_min_protocol_version")
            yield Finding(Severity.WARNING, target, message, fix, details=details)


CHECK = Check(
    id="security.tls_off",
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_read_all_settings"),
    target=lambda _: Target("setting", None, "ssl"),
)
