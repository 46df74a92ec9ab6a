"""A password that does not show itself: not in repr, str, f-strings, logs, tracebacks' locals or pickles.

And `without_passwords`, for texts of SQL that servers remember as they were sent.
"""

from __future__ import annotations

import hmac
import re
from typing import NoReturn

MASK = "********"

_TELLS_A_PASSWORD = re.compile(r"password|://[^\s'/@]*:", re.IGNORECASE)
_LITERAL = re.compile(r"'|\$(?:[^\W\d]\w*)?\$")


def without_passwords(sql: str) -> str:
    """`sql` up to its first literal, if it has to do with a password or a URL with one.

    pg_stat_statements and pg_stat_activity keep CREATE ROLE, CREATE SUBSCRIPTION and their like as they were typed.
    Where such a text has been cut short, no parser could say where the password ends, so all the rest goes.

    >>> without_passwords("ALTER ROLE app PASSWORD 'hunter2' VALID UNTIL 'infinity'")
    "ALTER ROLE app PASSWORD '********'"
    >>> without_passwords("SELECT password FROM users WHERE name = $1")
    'SELECT password FROM users WHERE name = $1'
    """
    if not _TELLS_A_PASSWORD.search(sql):
        return sql
    literal = _LITERAL.search(sql)
    return sql if literal is None else f"{sql[: literal.start()]}'{MASK}'"


class Secret:
    """Holds a text that only `reveal()` gives away.

    >>> password = Secret("hunter2")
    >>> print(password, repr(password), f"{password:>10}")
    ******** Secret('********')   ********
    >>> password.reveal()
    'hunter2'

    It compares in constant time with another `Secret` and refuses to be pickled or copied into JSON: workers get the
    name of a profile and resolve it where they run.
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """The text itself. Call it as late as possible and keep the answer in no variable that lives on."""
        return self._text

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret does not change")

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # A password from the environment may hold lone surrogates, and an error about them would show it.
        ours, theirs = (each._text.encode("utf-8", "surrogatepass") for each in (self, other))
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret can't be pickled or copied: resolve the profile where the password is needed")
