"""PostgreSQL URLs as they stand in a text: where one begins, where it ends, and what libpq can make of it.

A URL ends at the quote that it began with, at a space, a backtick, a bracket that it didn't open, a comma before the
next one. One that a program would complete (`${HOST}`, `%s`, `" + host`) is no URL yet and left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import attrs

from pgops.conninfo import SSLMODES, Conninfo, known_keywords
from pgops.errors import ConninfoError
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 2_000

SCHEME = re.compile(r"(?:jdbc:|r2dbc:)?postgres(?:ql)?(?:\+\w{1,30})?:(?://|(?<=jdbc:postgresql:)(?=[\w/]))")
# Behind :- it is the default of a variable of a shell.
_BEGIN = re.compile(rf"(?<![\w+.])(?<![^:]-){SCHEME.pattern}")
_RUN = re.compile(rf"[^\s\"'`\\|]{{0,{LONGEST}}}")
_QUOTED = {
    mark: re.compile(rf"((?:\\.|[^{mark}\\\s]){{0,{LONGEST}}})({mark}?)") for mark in ("'", '"', "`")
}  # up to a space: no URL has one
# Behind the closing quote: + more, % values, . $more (PHP), .. more (Lua), .format(values), ~ more (Twig), <> more.
CONTINUED = re.compile(r"\s{0,80}(?:[+%~]|<>|\.\.|\.\s*[$\"']|\.(?:format|concat|replace|g?sub)\b)")
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}
_DYNAMIC = re.compile(
    r"\$[A-Za-z_{(]|[{}]|%\(|%[sdvqi](?![0-9A-Fa-f])|<[\w .-]*>|\[[A-Za-z][\w .-]*\]|process\.env|ENV\[|ENV\.fetch"
)
_LOGIN = re.compile(r"(?P<login>.*)@(?P<place>[^@]*)", re.DOTALL)


@attrs.frozen
class UrlText:
    """A URL and the place in the text where it begins."""

    start: int
    text: Secret


def urls_in(text: str) -> Iterator[UrlText]:
    r"""Every URL that is whole, in the text's order.

    >>> [url.text.reveal() for url in urls_in("a (postgres://db/shop), `postgresql://db/b`; postgres://$HOST/c")]
    ['postgres://db/shop', 'postgresql://db/b']
    """
    at = 0
    while (begin := _BEGIN.search(text, at)) is not None:
        at = begin.end()
        found = _ended(text, begin.start())
        at = max(at, begin.start() + len(found or ""))  # no URL is looked for in a URL
        if found is not None and not is_dynamic(found) and _has_place(found):
            yield UrlText(begin.start(), Secret(found))


def is_dynamic(url: str) -> bool:
    """Whether a program would have to fill something in."""
    return _DYNAMIC.search(url) is not None


def parsed_url(text: Secret) -> tuple[Conninfo, tuple[str, ...]] | None:
    """What libpq would make of it, and the parameters left out for its sake; None if nothing.

    The scheme may be another driver's. A password that holds `@`, `/` or `%` as it is, which other drivers allow, is
    taken to end at the last `@`: then nothing of it can be mistaken for a host.
    """
    scheme = SCHEME.match(text.reveal())
    if scheme is None or not _can_be_sent(text):
        return None
    if scheme.group().endswith("//"):
        rest = text.reveal()[scheme.end() :]
    else:  # jdbc:postgresql:shop and jdbc:postgresql:/
        rest = "/" + text.reveal()[scheme.end() :].lstrip("/")
    rest, left_out = _without_foreign(rest)
    for attempt in (rest, _encoded(rest)):
        if attempt is None:
            continue
        try:
            found = Conninfo.parse(f"postgresql://{attempt}")
        except ConninfoError:
            continue
        hidden = found.password is not None and not found.password.reveal().strip("*")  # somebody masked it, or ""
        return (found.with_(password=None) if hidden else found), left_out
    return None


def _can_be_sent(text: Secret) -> bool:
    """Whether it is UTF-8 and has no control characters."""
    try:
        text.reveal().encode()
    except UnicodeEncodeError:
        return False
    return not re.search(r"[\0-\x1f\x7f]", text.reveal())


def _ended(text: str, start: int) -> str | None:
    """The URL that begins at `start`; None where it is only a part of one."""
    before = text[start - 1] if start else ""
    if before in _QUOTED:
        escaped = text[start - 2 : start - 1] == "\\"
        found = _QUOTED[before].match(text, start)
        assert found is not None  # noqa: S101  it matches the empty text
        inner, closing = found.groups()
        if escaped:  # a text within a text: \"postgres://...\"
            return inner.partition("\\")[0]
        if closing and CONTINUED.match(text, found.end()):
            return None
        return unescaped(inner)
    run = _RUN.match(text, start)
    assert run is not None  # noqa: S101  it matches the empty text
    return _trimmed(run.group())


def unescaped(inner: str) -> str:
    r"""A quoted text as the program means it; it ends at an escape for a space (`\n`)."""
    if "\\" not in inner:
        return inner
    ended = re.split(r"\\[nrt]", inner, maxsplit=1)[0]
    ended = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), ended)
    return re.sub(r"\\(.)", r"\1", ended, flags=re.DOTALL)


def _trimmed(run: str) -> str:
    depths = dict.fromkeys(_PAIRS.values(), 0)
    for place, character in enumerate(run):
        if character in depths:
            depths[character] += 1
        elif (opening := _PAIRS.get(character)) is not None:
            depths[opening] -= 1
            if depths[opening] < 0:
                run = run[:place]
                break
    run = re.split(r",(?=(?:jdbc:)?postgres(?:ql)?(?:\+\w+)?:)|</|&quot;", run, maxsplit=1)[0]
    run = run.rstrip(".,;!?*")
    return run[:-1] if run.endswith(":") and "/" in run.partition("//")[2] else run


def _has_place(url: str) -> bool:
    """Whether anything follows the scheme, and it doesn't end in the middle of the login."""
    scheme = SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else ""
    return bool(rest.strip("/")) and not rest.endswith((":", "@"))


def _without_foreign(rest: str) -> tuple[str, tuple[str, ...]]:
    """The URL without the parameters that libpq would refuse; `ssl=true` is one that it knows."""
    place, mark, query = rest.partition("?")
    if not mark or "@" in query:
        return rest, ()
    pairs = [pair for pair in query.split("&") if pair]
    kept = [pair for pair in pairs if _is_libpqs(*pair.partition("=")[::2])]
    left_out = tuple(pair.partition("=")[0] for pair in pairs if pair not in kept)
    return place + ("?" + "&".join(kept) if kept else ""), left_out


def _is_libpqs(name: str, value: str) -> bool:
    if name == "ssl":  # the one spelling of JDBC's that libpq takes
        return value == "true"
    if name == "sslmode":  # node-postgres has one called no-verify
        return value in SSLMODES
    return name in known_keywords()


def _encoded(rest: str) -> str | None:
    found = _LOGIN.fullmatch(rest)
    if found is None:
        return None
    user, colon, password = found["login"].partition(":")
    if "/" in user:
        return None
    whole = quote(unquote(user), safe="")
    return whole + (f":{quote(password, safe='')}" if colon else "") + "@" + found["place"]
