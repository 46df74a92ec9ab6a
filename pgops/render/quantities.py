"""Numbers, times and sizes as people read them; the unit comes from the name of the field.

Everywhere else in pgops sizes are bytes, durations seconds and times aware UTC, with the unit in the name
(`total_bytes`, `waited_s`, `mean_ms`, `share_pct`). Only here they become "1.4 GiB" or "3 d 4 h". None is "–".
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TypeAlias

Number: TypeAlias = int | float | Decimal

ABSENT = "–"
_BEYOND_FLOATS = 10**300  # a numeric column can hold more than a float can


class Unit(enum.Enum):
    """How a number is to be written. PLAIN writes integers as counts; IDENTIFIER (pid, oid, port) leaves them alone."""

    PLAIN = "plain"
    IDENTIFIER = "identifier"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes_per_s"
    PER_SECOND = "per_s"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    PERCENT = "pct"
    RATIO = "ratio"

    @property
    def measures(self) -> bool:
        """Whether a column of it holds quantities to compare, which stand right."""
        return self not in (Unit.PLAIN, Unit.IDENTIFIER)


# The longest comes first: "_bytes_per_s" ends in "_per_s", which ends in "_s".
_SUFFIXES = (
    ("bytes_per_s", Unit.BYTES_PER_SECOND),
    ("per_s", Unit.PER_SECOND),
    ("bytes", Unit.BYTES),
    ("seconds", Unit.SECONDS),
    ("ratio", Unit.RATIO),
    ("pct", Unit.PERCENT),
    ("ms", Unit.MILLISECONDS),
    ("us", Unit.MICROSECONDS),
    ("s", Unit.SECONDS),
    *((name, Unit.IDENTIFIER) for name in ("pid", "pids", "oid", "xid", "id", "queryid", "port", "version", "major")),
)
_KEPT_IN_TITLES = (Unit.IDENTIFIER, Unit.RATIO)


@cache
def _suffix_of(field_name: str) -> tuple[str, Unit]:
    for suffix, unit in _SUFFIXES:
        if field_name == suffix or field_name.endswith("_" + suffix):
            return suffix, unit
    return "", Unit.PLAIN


def unit_of(field_name: str) -> Unit:
    """The unit that the end of a field's name says.

    >>> unit_of("total_bytes").value, unit_of("calls_per_s").value, unit_of("blocked_pid").value, unit_of("rows").value
    ('bytes', 'per_s', 'identifier', 'plain')
    """
    return _suffix_of(field_name)[1]


def title_of(field_name: str) -> str:
    """A field's name as the head of a column, without the unit that each value shows.

    >>> title_of("mean_exec_ms"), title_of("bytes"), title_of("blocked_pid"), title_of("hit_ratio")
    ('mean exec', 'bytes', 'blocked pid', 'hit ratio')
    """
    suffix, unit = _suffix_of(field_name)
    if unit is not Unit.PLAIN and unit not in _KEPT_IN_TITLES and field_name != suffix:
        field_name = field_name.removesuffix(suffix)
    return field_name.replace("_", " ").strip() or field_name


def pretty(field_name: str, value: object) -> str:
    """A value written by the unit in its field's name.

    >>> pretty("total_bytes", 1_503_238_554), pretty("waited_s", 273_600), pretty("mean_ms", 4), pretty("rows", 12345)
    ('1.4 GiB', '3 d 4 h', '4 ms', '12,345')
    >>> pretty("share_pct", 93.42), pretty("hit_ratio", 0.93421), pretty("pid", 12345), pretty("owner", None)
    ('93.4 %', '0.934', '12345', '–')
    """
    return written(value, unit_of(field_name))


def written(value: object, unit: Unit = Unit.PLAIN) -> str:
    """Any plain value for people. The text is not yet safe to show: the writers see to that."""
    match value:
        case None:
            return ABSENT
        case str():
            return value
        case enum.Enum():
            return written(value.value, unit)
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal():
            return _number(value, unit)
        case datetime():
            return timestamp(value)
        case date():
            return value.isoformat()
        case timedelta():
            return duration(value.total_seconds())
        case bytes() | bytearray() | memoryview():
            return "\\x" + bytes(value).hex()
        case Mapping():
            return ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items())
        case Iterable():
            return ", ".join(written(item, unit) for item in value)
        case _:
            return str(value)


def writer(unit: Unit) -> Callable[[object], str]:
    """`written` for one unit, made once for many values: a table or a template asks a hundred thousand times."""
    number = _NUMBERS.get(unit, count)
    plain = number is count

    def write(value: object) -> str:
        kind = type(value)
        if kind is str:
            return value  # type: ignore[return-value]  # mypy does not narrow by type()
        if plain and kind is int:
            return f"{value:,}"
        if plain and kind is float:
            return _float(value)  # type: ignore[arg-type]
        if (kind is int or kind is float) and -_BEYOND_FLOATS < value < _BEYOND_FLOATS:  # type: ignore[operator]
            return number(value)  # type: ignore[arg-type]
        return written(value, unit)

    return write


def _number(value: Number, unit: Unit) -> str:
    if not _finite(value):
        return str(value)
    if not -_BEYOND_FLOATS < value < _BEYOND_FLOATS:
        return f"{Decimal(value):.2e}"
    return _NUMBERS.get(unit, count)(value)


def _finite(value: Number) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) or math.isfinite(value)


def count(value: Number) -> str:
    """A whole number with thousands apart, another with three significant figures.

    >>> count(12345), count(-1234567), count(0.0012345), count(3.14159), count(999.9)
    ('12,345', '-1,234,567', '0.00123', '3.14', '1,000')
    """
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return _float(float(value))


def _float(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 99.95 else f"{value:.3g}"


def percent(value: Number) -> str:
    """
    >>> percent(0), percent(0.02), percent(93.42), percent(99.97), percent(100)
    ('0 %', '<0.1 %', '93.4 %', '>99.9 %', '100 %')
    """
    if 0 < value < 0.1:
        return "<0.1 %"
    if 99.9 < value < 100:  # rounding must not make a full hit rate of a nearly full one
        return ">99.9 %"
    return f"{float(value):.1f}".removesuffix(".0") + " %"


def size(value: Number) -> str:
    """Bytes in binary units.

    >>> size(0), size(1), size(1023), size(1024), size(8_192_000), size(2**40 - 1), size(-2048)
    ('0 B', '1 B', '1023 B', '1 KiB', '7.8 MiB', '1 TiB', '-2 KiB')
    """
    amount = abs(float(value))
    sign = "-" if value < 0 else ""
    if amount < 1024:
        return f"{sign}{amount:.0f} B"
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        amount /= 1024
        if amount < 1023.95 or unit == "EiB":
            break
    figure = f"{amount:.0f}" if amount >= 99.95 else f"{amount:.1f}".removesuffix(".0")
    return f"{sign}{figure} {unit}" if figure != "1024" else f"{sign}1023 {unit}"


def duration(seconds: Number) -> str:
    """Seconds in the two largest units that matter.

    >>> duration(0), duration(0.0000042), duration(0.004), duration(0.9996), duration(12.34), duration(59.97)
    ('0 s', '4.2 µs', '4 ms', '1 s', '12.3 s', '1 min')
    >>> duration(61), duration(7_500), duration(86_399.9), duration(273_600), duration(-90)
    ('1 min 1 s', '2 h 5 min', '1 d', '3 d 4 h', '-1 min 30 s')
    """
    amount = float(seconds)
    if amount == 0:
        return "0 s"
    if amount < 0:
        return "-" + duration(-amount)
    if amount < 0.9995e-3:
        return f"{_three_figures(amount * 1e6)} µs"
    if amount < 0.9995:
        return f"{_three_figures(amount * 1e3)} ms"
    if amount < 59.95:
        return f"{amount:.1f}".removesuffix(".0") + " s"
    whole = round(amount)
    if whole < 3600:
        return _two(whole, 60, "min", "s")
    if whole < 86_400 - 30:
        return _two(round(whole / 60), 60, "h", "min")
    return _two(round(whole / 3600), 24, "d", "h")


def _three_figures(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _two(amount: int, per: int, large: str, small: str) -> str:
    first, second = divmod(amount, per)
    return f"{first:,} {large} {second} {small}" if second else f"{first:,} {large}"


def timestamp(at: datetime) -> str:
    """A moment in UTC, to the second; one without a zone is written as it stands, without "UTC".

    >>> timestamp(datetime(2025, 3, 1, 12, 30, 5, tzinfo=UTC)), timestamp(datetime(2025, 3, 1, 12, 30, 5))
    ('2025-03-01 12:30:05 UTC', '2025-03-01 12:30:05')
    """
    if at.tzinfo is None:
        return at.isoformat(sep=" ", timespec="seconds")
    try:
        at = at.astimezone(UTC)
    except OverflowError:  # the last hours of year 9999, or the first of year 1
        return at.isoformat(sep=" ", timespec="seconds")
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds") + " UTC"


_NUMBERS: dict[Unit, Callable[[Number], str]] = {
    Unit.IDENTIFIER: str,
    Unit.BYTES: size,
    Unit.BYTES_PER_SECOND: lambda value: f"{size(value)}/s",
    Unit.PER_SECOND: lambda value: f"{count(value)}/s",
    Unit.SECONDS: duration,
    Unit.MILLISECONDS: lambda value: duration(float(value) / 1_000),
    Unit.MICROSECONDS: lambda value: duration(float(value) / 1_000_000),
    Unit.PERCENT: percent,
}
