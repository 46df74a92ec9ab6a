"""What a server or pooler says when it refuses a connection: pure functions over those texts.

psycopg gives no SQLSTATE for a failed connect, so the text is all there is, and it follows the server's lc_messages.
Two refusals have an answer, encryption and leaving out the options; for the rest there is a cure in `pgops.db.cures`.
"""

from __future__ import annotations

import re
from enum import Enum


class Refusal(Enum):
    """A refusal that another attempt can answer."""

    NO_ENCRYPTION = "the server demands encryption"
    OPTIONS = "the pooler takes no session settings at startup"


# Names stand in quotes, which differ by language. They are cut out: a database named "SSL required" means nothing.
# Before a session begins, the server writes in ASCII what it can: f?r Host >>10.0.0.7<< (gettext's transliteration).
_QUOTED = re.compile(r"\"[^\"]*\"|»[^«»]*«|«[^«»]*»|„[^“”]*[“”]|“[^”]*”|>>.*?<<|<<.*?>>|,,[^\"]*\"", re.DOTALL)
_OVER_SOCKET = re.compile(r"(?:[\"»«„“]|>>|<<|,,)\s*\[local\]")
_ONE_OF_SEVERAL = re.compile(r"\n- (?=host:)|\nMultiple connection attempts failed|\n(?=connection to server)")
_HEADLINE = ". All failures were:"
_SEVERITY = re.compile(r"\b(?:FATAL|ERROR|PANIC):\s+")

# In full: "no pg_hba.conf entry for host ..., SSL off" (until 13), "..., no encryption" (14 on), and the same behind
# "pg_hba.conf rejects connection". Translations keep the file's name, and write SSL or GSS where there was encryption.
_HBA = "pg_hba.conf"
_UNENCRYPTED_13 = re.compile(r"\bSSL off\b", re.IGNORECASE)
_ENCRYPTED = re.compile(r"SSL|GSS|TLS")

# Poolers and services, which do not translate. Each stands at the beginning of what the server said.
_DEMANDS = re.compile(
    r"SSL connection is required|SSL required|SSL is required|server requires encryption"
    r"|connection is insecure \(try using|node is running secure mode, SSL connection required",
    re.IGNORECASE,
)
_OPTIONS = re.compile(
    r"unsupported startup parameter: options\b"  # pgbouncer before 1.20
    r"|unsupported startup parameter in options:"  # pgbouncer since 1.20, for settings that it does not track
    r"|unsupported options startup parameter"  # the same, for what is not -c name=value
    r"|.*\bdoes(?:n[’']t| not) support command-line options",  # Amazon RDS Proxy
    re.IGNORECASE,
)


def demands_encryption(message: str) -> bool:
    """Whether a refused, unencrypted connection would be welcome with TLS.

    >>> demands_encryption('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "u", database "d", no encryption')
    True
    >>> demands_encryption('FATAL:  password authentication failed for user "ann"')
    False

    Not over a Unix socket, which TLS does not change, nor when the connection was encrypted already.
    """
    return any(_one_demands_encryption(part) for part in one_by_one(message))


def _one_demands_encryption(message: str) -> bool:
    bare = without_names(message)
    if _HBA in bare:
        encrypted = _ENCRYPTED.search(_UNENCRYPTED_13.sub("", bare))
        return not encrypted and not _OVER_SOCKET.search(message)
    return any(_DEMANDS.match(said) for said in _said(bare))


def refuses_options(message: str) -> bool:
    """Whether a pooler refused the startup `options`, and would take the connection without.

    >>> refuses_options("FATAL:  unsupported startup parameter: options")
    True
    >>> refuses_options("FATAL:  unsupported startup parameter: extra_float_digits")
    False
    """
    return any(_OPTIONS.match(said) for part in one_by_one(message) for said in _said(without_names(part)))


def one_by_one(message: str) -> list[str]:
    """What was said about each address, where there were several."""
    return [part for part in _ONE_OF_SEVERAL.split(message) if part.strip() and not part.startswith(_HEADLINE)]


def without_names(message: str) -> str:
    """Without what stands in quotes: the name of a database may say anything."""
    return _QUOTED.sub("", message)


def _said(message: str) -> list[str]:
    """What stands behind the severity; the whole text where there is none."""
    found = _SEVERITY.split(message)
    return found[1:] or [message.strip()]


def refusal(message: str) -> Refusal | None:
    """The refusal that another attempt can answer, if it is one."""
    if refuses_options(message):
        return Refusal.OPTIONS
    return Refusal.NO_ENCRYPTION if demands_encryption(message) else None
