"""Line of pg_hba.conf that lets people in too easily, or that has an error.

`trust` asks nobody for anything: CRITICAL for addresses of a network, a WARNING on the machine itself. `password` over
an unencrypted connection shows the password to the network, and `ident` over the network believes what the client's
machine says: WARNINGs. A line with an error makes every reload pass over the whole file, and the server refuse to
start: CRITICAL. INFO are `md5`, which takes weak hashes, a line that lets everybody come from any
address to any database without TLS, and one that no connection can fit (hostssl with ssl = off).

False alarms: a container or test whose network nobody else reaches, replication in a private network, an unreachable
line behind a `reject`. The files are read as they are now, loaded or not.

Only superusers may read this, and whoever they grant it to. Manual: section 20.1 to 20.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.checks.api import Check, Requires, Scope
from pgops.checks.security._hba import GRANTS, QUERIES, Rule, target_of
from pgops.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen

_EVERYWHERE = frozenset({"all", "0.0.0.0", "::"})  # noqa: S104  they are compared, not bound
_UNENCRYPTED = frozenset({"host", "hostnossl", "hostnogssenc"})


def _is_local(rule: Rule) -> bool:
    address = rule.address or ""
    here = address in ("localhost", "::1", "samehost") or address.startswith("127.")
    return rule.type == "local" or here


def _is_everywhere(rule: Rule) -> bool:
    whole = rule.address == "all" or rule.netmask in ("0.0.0.0", "::")  # noqa: S104  it is compared, not bound
    return rule.address in _EVERYWHERE and whole


def _fault(rule: Rule) -> tuple[Severity, str] | None:
    """How bad a line is and why, or None."""
    if rule.error is not None and rule.type is None:
        return Severity.CRITICAL, f"has an error, so no reload takes effect and a restart fails: {rule.error}"
    if rule.error is not None:  # it is well formed all the same: hostssl without TLS
        return Severity.INFO, f"never fits a connection: {rule.error}"
    match rule.method:
        case "trust" if any(option.startswith("clientcert=verify") for option in rule.options):
            return None  # a certificate is asked for
        case "trust" if _is_local(rule):
            return Severity.WARNING, "lets everybody on the machine in as anybody it names, without a password"
        case "trust":
            return Severity.CRITICAL, "lets everybody from there in as anybody it names, without a password"
        case "password" if rule.type in _UNENCRYPTED and not _is_local(rule):
            return Severity.WARNING, "takes the password in clear text over connections that may be unencrypted"
        case "ident" if not _is_local(rule):
            return Severity.WARNING, "believes what the client's own machine says about its user"
        case "md5":
            return Severity.INFO, "takes passwords that are stored as MD5; scram-sha-256 would not"
        case "reject" | "cert":
            return None
    for_all = "all" in rule.databases and "all" in rule.users
    if for_all and _is_everywhere(rule) and rule.type in _UNENCRYPTED:
        return Severity.INFO, "lets everybody come from any address to any database, without TLS"
    return None


def judge(rows: Sequence[Rule], seen: Seen[NoLimits]) -> Iterator[Finding]:
    for rule in rows:
        fault = _fault(rule)
        if fault is not None:
            severity, why = fault
            where = f"{rule.file or 'pg_hba.conf'}, line {rule.line}"
            said = f" ({rule.text})" if rule.text else ""
            details = {"file": rule.file, "line": rule.line, "method": rule.method, "error": rule.error}
            yield Finding(severity, target_of(rule), f"{where}{said} {why}.", details=details)


CHECK = Check(
    id="security.weak_hba",
    doc=__doc__,
    row=Rule,
    judge=judge,
    queries=QUERIES,
    scope=Scope.CLUSTER,
    requires=Requires(grants=GRANTS),
    target=target_of,
)
