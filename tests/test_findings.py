"""What a check says: severities, targets whose names survive a server, fingerprints that last, values as JSON."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgops import Finding, Severity, Target, Unseen
from pgops.findings import as_json, as_tuple, quote_identifier

HOSTILE_NAMES = {
    "plain": "orders",
    "upper case": "Orders",
    "space": "my table",
    "leading digit": "1st",
    "dot": "a.b",
    "quote": 'a"b',
    "only quotes": '""',
    "apostrophe": "it's",
    "backslash": "a\\b",
    "percent": "100% %s %(x)s %%",
    "braces": "{a} {0} {}",
    "semicolon": "x; DROP TABLE y; --",
    "comment": "/* x */ -- y",
    "dollar": "a$b $$ $1",
    "newline": "a\nb\r\tc",
    "control": "\x01\x1b[31m\x7f",
    "unicode": "Ümläut_注文_👍",
    "lower unicode": "ümläut",
    "bidi": "abc\u202etxt",
    "no break space": "a\u00a0b",
    "markup": "<script>alert(1)</script> | `x` &lt;",
    "63 bytes": "x" * 63,
    "63 bytes of unicode": "ü" * 31 + "x",
    "underscore": "_",
    "column of the system": "ctid",
    "keyword": "select",
    "keyword in upper case": "SELECT",
}


# --- severities -------------------------------------------------------------------------------------------------------


def test_severities_are_ordered_and_have_names():
    assert Severity.INFO < Severity.WARNING < Severity.CRITICAL
    assert [str(severity) for severity in Severity] == ["info", "warning", "critical"]
    assert f"{Severity.WARNING}|{Severity.WARNING:>9}|{Severity.INFO:<5}|" == "warning|  warning|info |"


@pytest.mark.parametrize("name", ["critical", "CRITICAL", "Critical"])
def test_a_severity_is_parsed_in_any_letter_case(name):
    assert Severity.parse(name) is Severity.CRITICAL


@pytest.mark.parametrize("name", ["", "bad", "30"])
def test_an_unknown_severity_lists_the_names(name):
    with pytest.raises(ValueError, match=f"{name!r}; there are info, warning, critical"):
        Severity.parse(name)


# --- names ------------------------------------------------------------------------------------------------------------


def test_quoted_names_are_found_again(database):
    targets = {
        label: Target("column", f"s{name[:20]}", name, "x" if name == "ctid" else name)
        for label, name in HOSTILE_NAMES.items()
    }
    found = {}
    with database.connect() as conn:
        for label, target in targets.items():
            table = Target("table", target.schema, target.name)
            conn.execute(f"CREATE SCHEMA {quote_identifier(target.schema)}".encode())
            conn.execute(f"CREATE TABLE {table} ({quote_identifier(target.sub)} int)".encode())
            conn.execute(f"SELECT {target.sql} FROM {table.sql}".encode())
            found[label] = conn.execute(
                "SELECT n.nspname, c.relname, a.attname, parse_ident(%(column)s) FROM pg_class AS c"
                " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = 1 WHERE c.oid = to_regclass(%(table)s)",
                {"table": table.sql, "column": target.sql},
            ).fetchone()
    parts = {label: (target.schema, target.name, target.sub) for label, target in targets.items()}
    assert found == {label: (*each, [*each]) for label, each in parts.items()}


def test_whatever_quote_ident_quotes_is_quoted(database):
    """Ours may quote more than the server (what a later version made a keyword) and never less."""
    with database.connect() as conn:
        names = [*HOSTILE_NAMES.values(), *(row[0] for row in conn.execute("SELECT word FROM pg_get_keywords()"))]
        for name, quoted in conn.execute("SELECT name, quote_ident(name) FROM unnest(%s::text[]) AS name", [names]):
            assert quote_identifier(name) in (quoted, '"' + name.replace('"', '""') + '"')
            if quoted != name and "$" not in name:
                assert quote_identifier(name) == quoted


def test_every_keyword_serves_as_a_name(database):
    with database.connect() as conn, conn.transaction():
        words = [row[0] for row in conn.execute("SELECT word FROM pg_get_keywords()")]
        assert len(words) > 400
        for word in words:
            name = quote_identifier(word)
            conn.execute(f"CREATE TABLE public.{name} ({name} int)".encode())
            conn.execute(f"CREATE INDEX {quote_identifier(word + '_idx')} ON {name} ({name})".encode())
        made = {
            row[0]
            for row in conn.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
        }
        assert made == set(words)


PARTS = {
    ("database", None, "shop"): "shop",
    ("table", "public", "orders"): "public.orders",
    ("constraint", "public", "Order", "order_fkey"): 'public."Order".order_fkey',
    ("column", "a.b", "c", 'd"e'): '"a.b".c."d""e"',
    ("session", None, "app", None, ("reporting", "123")): "app",
    ("table", "", ""): '"".""',
}


@pytest.mark.parametrize(("parts", "sql"), PARTS.items())
def test_a_target_is_its_qualified_name(parts, sql):
    assert (Target(*parts).sql, str(Target(*parts))) == (sql, sql)


def test_different_parts_never_have_the_same_name():
    assert Target("table", "a", "b.c").sql != Target("table", "a.b", "c").sql
    assert Target("table", "a", 'b"."c').sql != Target("table", 'a"."b', "c").sql


def test_one_text_is_not_several():
    with pytest.raises(TypeError, match=r"\('orders',\)"):
        Target("index", "public", "a", None, "orders")
    assert as_tuple(["a", "b"]) == ("a", "b")


# --- fingerprints -----------------------------------------------------------------------------------------------------


def finding(target=None, message="m", **more) -> Finding:
    return Finding(Severity.WARNING, target or Target("table", "public", "orders"), message, **{"check": "a.b", **more})


# These never change: suppressions, comparisons and histories rest on them.
PINNED = {
    "a table": (finding(), "39a406a5d00cc4af0ba8"),
    "the second of its kind": (finding(nth=2), "be34f2738d77f6a50d1c"),
    "without a schema": (finding(Target("session", None, "app", None, ("reporting", "-42"))), "8fa5f09428e3e6a65c56"),
    "hostile": (finding(Target("column", 'a"b', "ü\n👍", "\udc80")), "95d8af9a2d4b0d221670"),
}


@pytest.mark.parametrize(("of", "fingerprint"), PINNED.values(), ids=PINNED.keys())
def test_fingerprints_stay_what_they_are(of, fingerprint):
    assert of.fingerprint == fingerprint


def test_a_fingerprint_rests_on_nothing_that_is_measured():
    plain = finding()
    for other in (
        Finding(
            Severity.CRITICAL,
            plain.target,
            "another sentence, 42 times",
            "DROP TABLE x;",
            0.5,
            {"rows": 7},
            check="a.b",
        ),
        finding(details={"n": 1}),
        finding(fix="SELECT 1;"),
        finding(confidence=0.9),
    ):
        assert other.fingerprint == plain.fingerprint


DISTINCT = [
    finding(),
    finding(check="a.c"),
    finding(nth=2),
    finding(Target("index", "public", "orders")),
    finding(Target("table", "Public", "orders")),
    finding(Target("table", None, "orders")),
    finding(Target("table", "", "orders")),
    finding(Target("table", "None", "orders")),
    finding(Target("table", "public", "orders", "id")),
    finding(Target("table", "public", "orders", None, ("id",))),
    finding(Target("table", "public", "orders", None, ("id", "x"))),
    finding(Target("table", "public", "orders", None, ("id, x",))),
    finding(Target("table", "public", "orders", None, ('id", "x',))),
    finding(Target("table", "public.orders", "")),
]


def test_different_identities_have_different_fingerprints():
    assert len({each.fingerprint for each in DISTINCT}) == len(DISTINCT)


TEXTS = st.text(max_size=20)
TARGETS = st.builds(Target, TEXTS, st.none() | TEXTS, TEXTS, st.none() | TEXTS, st.lists(TEXTS, max_size=3))


@given(one=TARGETS, other=TARGETS)
def test_fingerprints_are_equal_exactly_where_targets_are(one, other):
    assert (finding(one).fingerprint == finding(other).fingerprint) == (one == other)
    assert finding(one).fingerprint == finding(copy.deepcopy(one)).fingerprint


@given(name=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_quoted_name_can_be_read_back(name):
    """By PostgreSQL's rule: a doubled quote inside quotes is one; a plain name is itself."""
    quoted = quote_identifier(name)
    assert (quoted[1:-1].replace('""', '"') if quoted.startswith('"') else quoted) == name
    assert quoted.startswith('"') or quoted.isascii()


# --- pickling and JSON ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("each", [*DISTINCT, Unseen(Target("x", None, "y"), "why", "how"), *Severity], ids=repr)
def test_everything_pickles_and_copies(each):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(each, protocol)) == each
    assert copy.deepcopy(each) == each
    assert hash(pickle.loads(pickle.dumps(each))) == hash(each)


def test_details_are_json_types():
    given_details = {"at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "names": ("a", "b"), "share": math.inf}
    assert finding(details=given_details).details == {
        "at": "2026-01-01T00:00:00+00:00",
        "names": ["a", "b"],
        "share": "inf",
    }


VALUES = {
    "none": (None, None),
    "text": ("ü\n", "ü\n"),
    "lone surrogate": ("\udc80", "\udc80"),
    "yes": (True, True),
    "int": (2**70, 2**70),
    "float": (0.1, 0.1),
    "nan": (math.nan, "nan"),
    "infinity": (-math.inf, "-inf"),
    "time in another zone": (
        dt.datetime(2026, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=45))),
        "2025-12-31T19:15:00+00:00",
    ),
    "date": (dt.date(2026, 1, 31), "2026-01-31"),
    "nested": ({"a": [(1, None), {"b": math.nan}], 5: "x"}, {"a": [[1, None], {"b": "nan"}], "5": "x"}),
    "decimal": (Decimal("1.50"), "1.50"),
    "target": (Target("table", "public", "Order"), 'public."Order"'),
    "duration": (dt.timedelta(seconds=90), "0:01:30"),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values_as_json(value, expected):
    assert as_json(value) == expected
    assert type(as_json(value)) is type(expected)
    json.dumps(as_json(value), allow_nan=False)


def test_a_set_has_one_order():
    names = [f"name{n}" for n in range(50)]
    assert as_json(set(names)) == as_json(frozenset(reversed(names))) == sorted(names)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(timezones=st.just(dt.UTC))


@given(
    st.recursive(
        PLAIN, lambda each: st.lists(each) | st.tuples(each, each) | st.dictionaries(st.text(), each), max_leaves=20
    )
)
def test_whatever_becomes_json_is_json_and_stays_the_same(value):
    once = as_json(value)
    assert as_json(once) == once == json.loads(json.dumps(once, allow_nan=False))
