"""What to do about a connection that could not be made, by the words of the server, the pooler or libpq.

Texts in other languages find no cure here: they are shown as they are.
"""

from __future__ import annotations

import re

from pgops.db.refusals import refuses_options

# The first that is found anywhere in the text, in any letter case.
_CURES: tuple[tuple[str, str], ...] = (
    (
        r"password authentication failed",
        "Mend the password or the user.",
    ),
    (
        r"no password supplied",
        "Give a password in the URL, the profile (password, password_env or password_command) or ~/.pgpass; a profile "
        "passes PGPASSWORD over.",
    ),
    (
        r"certificate verify failed|root certificate file",
        "sslrootcert must name the authority that signed the server's certificate; a root.crt in ~/.postgresql makes "
        "sslmode=require verify too.",
    ),
    (
        r"server certificate for .* does not match host name",
        "Connect by a name that the certificate has, or use sslmode=verify-ca.",
    ),
    (
        r"server does not support SSL",
        "The server has no TLS: ask for sslmode=prefer or disable only where the network is trusted.",
    ),
    (
        r"requires a valid client certificate|connection requires a valid",
        "Name the client's certificate with sslcert and sslkey.",
    ),
    (
        r"role .* does not exist",
        "Mend the user, or create the role.",
    ),
    (
        r"database .* does not exist|no such database",
        "Mend the database's name, or create it.",
    ),
    (
        r"is not permitted to log in",
        "Use a role with LOGIN.",
    ),
    (
        r"permission denied for database",
        "GRANT CONNECT ON DATABASE to the role.",
    ),
    (
        r"not currently accepting connections",
        "The database has ALLOW_CONNECTIONS false (template0 does): take another.",
    ),
    (
        r"too many connections for (?:role|database)",
        "Raise its CONNECTION LIMIT, or close sessions of it.",
    ),
    (
        r"too many clients|remaining connection slots|no more connections allowed|max_client_conn",
        "Every connection slot is taken: close idle sessions, pool, or raise max_connections.",
    ),
    (
        r"is starting up|not yet accepting connections|not accepting connections|recovery state",
        "The server is starting or recovering: try again shortly.",
    ),
    (
        r"is shutting down|terminating connection due to administrator",
        "The server is shutting down: try again when it is back.",
    ),
    (
        r"is in recovery mode",
        "The server is recovering from a crash: try again shortly.",
    ),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "pg_hba.conf has no line that lets this user, database and address in like this: add one, or ask for another "
        "sslmode.",
    ),
    (
        r"Connection refused",
        "Nothing listens there: check host and port, that the server runs, and its listen_addresses.",
    ),
    (
        r"No such file or directory",
        "There is no such socket or file: check host (a socket's folder), port, and that the server runs.",
    ),
    (
        r"failed to resolve host|could not translate host name|Name or service not known|nodename nor servname"
        r"|'idna' codec failed",
        "No such host: mend its name, or the name service.",
    ),
    (
        r"timeout expired|timed out|Connection timed out",
        "No answer in time: check host, port, firewall, the log of a pooler (it may wait for its server), or give "
        "more time with connect_timeout in the URL.",
    ),
    (
        r"No route to host|Network is unreachable",
        "The network does not lead there: check host, VPN and firewall.",
    ),
    (
        r"server closed the connection unexpectedly|Connection reset",
        "What answers there hung up: check that it is PostgreSQL, and its log; a demand for TLS is met with "
        "sslmode=require.",
    ),
    (
        r"received invalid response to|expected authentication request from server",
        "What answers there speaks another protocol: check host and port.",
    ),
    (
        r"session is (?:not )?read-only|server is (?:not )?in hot standby",
        "No host has what target_session_attrs asks for.",
    ),
    (
        r"server_login_retry|pgbouncer cannot connect to server|query_wait_timeout",
        "The pooler has no connection to its server, or none is free: look at the server, and at the pooler's log.",
    ),
    (
        r"not allowed in statement pooling mode",
        "The pooler hands its server on after each statement: set its pool_mode to transaction or session, or connect "
        "past it.",
    ),
    (
        r"definition of service .* not found|service file .* not found",
        "Mend service, or ~/.pg_service.conf.",
    ),
)


def cure(message: str, *, sslmode: str | None = None) -> str:
    """What to do about a refusal; for one that is unknown, under sslmode disable, that it may want encryption.

    >>> cure('FATAL:  database "shop" does not exist')
    "Mend the database's name, or create it."
    """
    for pattern, text in _CURES:
        if re.search(pattern, message, re.IGNORECASE):
            return text
    if refuses_options(message):
        return "The pooler takes no startup options: take them out of the URL."
    if sslmode == "disable":
        return "If the server wants encryption, ask for it with sslmode=require."
    return ""
