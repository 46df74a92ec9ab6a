"""The session settings that travel with the connection: as startup `options`, merged with those the URL has.

Pure: what the call, the environment and the URL say, in that order of weight, becomes parameters of libpq.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from pgops.errors import ConninfoError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgops.conninfo import Conninfo

APPLICATION_NAME = "pgops"
STATEMENT_TIMEOUT_S = 60.0
LOCK_TIMEOUT_S = 5.0
IDLE_IN_TRANSACTION_TIMEOUT_S = 300.0
CONNECT_TIMEOUT_S = 10.0

READ_ONLY = "default_transaction_read_only"

# A server that vanished without a word (power, cable, failover) is noticed after a minute, in the midst of a statement
# too. Over a Unix socket libpq passes these over.
KEEPALIVE: Mapping[str, str] = {
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}

# What is asked of sessions, as a question about servers: libpq looks at default_transaction_read_only too, and ours is
# on. No host would do for `read-write`, and every host for `read-only`.
_OF_SERVERS = {"read-write": "primary", "read-only": "prefer-standby"}

_LONGEST_MS = 2**31 - 1


@attrs.frozen(kw_only=True)
class SessionSettings:
    """What a session should begin with. None leaves a setting to the server."""

    read_only: bool = True
    application_name: str | None = APPLICATION_NAME
    statement_timeout_ms: int | None = None
    lock_timeout_ms: int | None = None
    idle_in_transaction_session_timeout_ms: int | None = None
    connect_timeout_s: int | None = None

    @classmethod
    def decide(
        cls,
        url: Conninfo,
        env: Mapping[str, str],
        *,
        read_only: bool = True,
        application_name: str | None = None,
        statement_timeout_s: float | None = None,
        lock_timeout_s: float | None = None,
        connect_timeout_s: float | None = None,
    ) -> SessionSettings:
        """What the call says, else the environment, else what the URL has, else the defaults of this module.

        Raises `ConninfoError` for a number that is none, or negative. 0 switches a timeout off.
        """
        own = setting_names(url.params.get("options", ""))

        def milliseconds(name: str, called: float | None, variable: str | None, default: float) -> int | None:
            if called is not None:
                return _milliseconds(called * 1000, f"{name}_s")
            if variable is not None and env.get(variable, "").strip():
                return _milliseconds(_number(env[variable], variable), variable)
            return None if name in own else _milliseconds(default * 1000, name)

        named = application_name or env.get("DB_APPLICATION_NAME") or None
        if named is None and not url.params.get("application_name") and "application_name" not in own:
            named = APPLICATION_NAME
        if connect_timeout_s is None and "connect_timeout" not in url.params:
            connect_timeout_s = CONNECT_TIMEOUT_S
        return cls(
            read_only=read_only,
            application_name=named,
            statement_timeout_ms=milliseconds(
                "statement_timeout", statement_timeout_s, "DB_STATEMENT_TIMEOUT_MS", STATEMENT_TIMEOUT_S
            ),
            lock_timeout_ms=milliseconds("lock_timeout", lock_timeout_s, "DB_LOCK_TIMEOUT_MS", LOCK_TIMEOUT_S),
            idle_in_transaction_session_timeout_ms=milliseconds(
                "idle_in_transaction_session_timeout", None, None, IDLE_IN_TRANSACTION_TIMEOUT_S
            ),
            # libpq takes whole seconds, and none for "wait for ever".
            connect_timeout_s=None
            if connect_timeout_s is None
            else -(-_milliseconds(connect_timeout_s * 1000) // 1000),
        )

    def parameters(self, url: Conninfo) -> Conninfo:
        """The URL's parameters with those that every pooler takes: name, timeout for connecting, keepalives."""
        added = {name: value for name, value in KEEPALIVE.items() if name not in url.params}
        if self.connect_timeout_s is not None:
            added["connect_timeout"] = str(self.connect_timeout_s)
        if self.application_name == APPLICATION_NAME:
            added["application_name"] = APPLICATION_NAME
        elif self.application_name is not None:  # somebody else's word, to be looked at
            url = url.with_(application_name=self.application_name)
        return url.adding(added)

    def with_options(self, target: Conninfo) -> Conninfo:
        """`target` with the settings as startup `options`, behind its own since the last one wins."""
        own = target.params.get("options", "").strip()
        ours = " ".join(f"-c {name}={escape(value)}" for name, value in self._options())
        if not ours:
            return target
        changed: dict[str, str] = {"options": f"{own} {ours}".strip()}
        wanted = target.params.get("target_session_attrs", "")
        if self.read_only and wanted in _OF_SERVERS:
            changed["target_session_attrs"] = _OF_SERVERS[wanted]
        return target.adding(changed)

    def _options(self) -> Iterator[tuple[str, str]]:
        if self.read_only:
            yield READ_ONLY, "on"
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            value = getattr(self, f"{name}_ms")
            if value is not None:
                yield name, str(value)


def escape(value: str) -> str:
    r"""A value for `options`: the server splits the text at spaces that have no backslash (pg_split_opts).

    >>> print(escape("a b\\c"))
    a\ b\\c
    """
    return value if value.isalnum() else re.sub(r"([\s\\])", r"\\\1", value)


def split(options: str) -> list[str]:
    r"""The words of `options`, as the server splits them.

    >>> split(r"-c search_path=a\ b  -c x=1")
    ['-c', 'search_path=a b', '-c', 'x=1']
    """
    words = re.findall(r"(?:\\.|[^\s\\]|\\$)+", options, re.DOTALL)
    return [re.sub(r"\\(.?)", r"\1", word, flags=re.DOTALL) for word in words]


def setting_names(options: str) -> frozenset[str]:
    """The settings that `options` names, by `-c name=value`, `-cname=value` or `--name=value`.

    >>> sorted(setting_names("-c lock_timeout=1s --Statement-Timeout=5 -d 3"))
    ['lock_timeout', 'statement_timeout']
    """
    if not options:
        return frozenset()
    words = split(options)
    pairs = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-c"]
    pairs += [word[2:] for word in words if word.startswith(("-c", "--")) and len(word) > 2]
    return frozenset(pair.partition("=")[0].replace("-", "_").lower() for pair in pairs if "=" in pair)


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConninfoError(f"{name} is {text!r}, which is no number.", cure="Give milliseconds, 0 for none.") from None


def _milliseconds(value: float, name: str = "connect_timeout_s") -> int:
    if not 0 <= value <= _LONGEST_MS:
        raise ConninfoError(f"{name} is out of range: {value:g} ms.", cure=f"It is from 0 (none) to {_LONGEST_MS} ms.")
    # 0 means no limit at all: what is less than a millisecond must not become that.
    return max(1, round(value)) if value else 0
