"""Numbers for people: the unit is in the field's name."""

from __future__ import annotations

import enum
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgops.render.quantities import Unit, duration, pretty, size, title_of, unit_of, written


class Mode(enum.Enum):
    SHARE = "AccessShareLock"


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("total_bytes", 0, "0 B"),
        ("total_bytes", 1_503_238_554, "1.4 GiB"),
        ("total_bytes", 1_048_575, "1 MiB"),
        ("total_bytes", Decimal(3 * 2**50), "3 PiB"),
        ("wal_bytes_per_s", 1_048_576, "1 MiB/s"),
        ("calls_per_s", 12.34, "12.3/s"),
        ("waited_s", 273_600, "3 d 4 h"),
        ("waited_s", 12.34, "12.3 s"),
        ("waited_s", timedelta(minutes=5, seconds=3), "5 min 3 s"),
        ("mean_ms", 4, "4 ms"),
        ("mean_ms", 0.31, "310 µs"),
        ("seconds", 0.25, "250 ms"),
        ("share_pct", 93.42, "93.4 %"),
        ("share_pct", 99.99, ">99.9 %"),
        ("hit_ratio", 0.93421, "0.934"),
        ("rows", 12_345, "12,345"),
        ("blocked_pid", 12_345, "12345"),
        ("queryid", -4_242_424_242_424_242, "-4242424242424242"),
        ("status", "active", "active"),  # ends in an s, but in no "_s"
        ("owner", None, "–"),
        ("valid", True, "yes"),
        ("valid", False, "no"),
        ("mode", Mode.SHARE, "AccessShareLock"),
        ("columns", ["a", None, "b"], "a, –, b"),
        ("blocked_by_pids", (12_345, 7), "12345, 7"),
        ("details", {"bytes": 1, "kind": "x"}, "bytes: 1, kind: x"),
        ("digest", b"\x00\xff", r"\x00ff"),
        ("seen_at", datetime(2025, 3, 1, 13, 30, tzinfo=timezone(timedelta(hours=1))), "2025-03-01 12:30:00 UTC"),
        ("day", date(2025, 3, 1), "2025-03-01"),
        ("mean_ms", float("nan"), "nan"),
        ("mean_ms", Decimal("NaN"), "NaN"),
        ("total_bytes", float("inf"), "inf"),
        ("rows", 10**400, "1.00e+400"),
        ("last_at", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))), "9999-12-31 23:59:59-05:00"),
    ],
)
def test_a_value_is_written_by_the_unit_in_its_fields_name(field, value, text):
    assert pretty(field, value) == text


@pytest.mark.parametrize(
    ("field", "unit", "title"),
    [
        ("total_bytes", Unit.BYTES, "total"),
        ("bytes", Unit.BYTES, "bytes"),
        ("calls_per_s", Unit.PER_SECOND, "calls"),
        ("hit_ratio", Unit.RATIO, "hit ratio"),
        ("blocked_pid", Unit.IDENTIFIER, "blocked pid"),
        ("indexes", Unit.PLAIN, "indexes"),
        ("_", Unit.PLAIN, "_"),
    ],
)
def test_the_head_of_a_column_leaves_out_the_unit_that_each_value_shows(field, unit, title):
    assert (unit_of(field), title_of(field)) == (unit, title)


numbers = st.one_of(st.integers(), st.floats(), st.decimals(), st.integers(min_value=10**290, max_value=10**310))


@given(value=numbers, unit=st.sampled_from(Unit))
def test_no_number_is_too_strange_to_be_written(value, unit):
    assert written(value, unit)


@given(st.integers(min_value=1, max_value=10**18))
def test_no_size_rounds_up_to_1024_of_its_unit(value):
    assert float(size(value).split()[0]) < 1024


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_no_duration_says_60_s_or_24_h(value):
    words = duration(value).split()
    limits = {"µs": 1000, "ms": 1000, "s": 60, "min": 60, "h": 24, "d": 10**6}
    assert all(float(n.replace(",", "")) < limits[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
