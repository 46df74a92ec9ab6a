"""A URL or keyword string becomes parameters and a sealed password; what is wrong is said without showing it."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from pgops.conninfo import SECRET_KEYWORDS, Conninfo
from pgops.errors import ConninfoError
from pgops.secret import Secret

SAME = {
    "all parts": "postgresql://ann@db.example:5433/shop?sslmode=verify-full",
    "short scheme": "postgres://ann@db/shop",
    "several hosts": "postgresql://ann@a:1,b:2/shop?target_session_attrs=read-write",
    "one port for several hosts": "host=a,b port=5433 dbname=shop",
    "a socket": "postgresql:///shop?host=/var/run/postgresql",
    "an abstract socket": "postgresql:///shop?host=%40there",
    "IPv6": "postgresql://[fe80::1]:5433/shop",
    "encoded name": "postgresql://a%40b@db/my%20shop%2Fx",
    "options": "postgresql://db/shop?options=-c%20search_path%3Da%5C%20b",
    "service": "service=shop",
    "keywords": r"host=db dbname='it\'s' user=ann",
    "JDBC's ssl": "postgresql://db/shop?ssl=true",
    "nothing but a scheme": "postgresql://",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_parsed_as_libpq_does_and_shown_as_a_url_of_the_same_meaning(text: str) -> None:
    parsed = Conninfo.parse(text)
    assert dict(parsed.params) == conninfo_to_dict(text)
    assert conninfo_to_dict(parsed.reveal()) == conninfo_to_dict(text)
    shown = Conninfo.parse(parsed.display)
    assert shown.with_(port=None) == parsed.with_(port=None)
    assert {*shown.params.get("port", "").split(",")} == {*parsed.params.get("port", "").split(",")}


def test_the_password_is_apart_and_masked() -> None:
    target = Conninfo.parse("postgresql://ann:hunter%2F2@db/shop?sslpassword=hunter3")
    assert target.password == Secret("hunter/2")
    assert target.secrets == {"sslpassword": Secret("hunter3")}
    assert target.display == str(target) == "postgresql://ann:********@db/shop?sslpassword=********"
    assert "hunter" not in repr(target)
    assert conninfo_to_dict(target.reveal())["password"] == "hunter/2"
    assert conninfo_to_dict(target.reveal())["sslpassword"] == "hunter3"


def test_every_keyword_that_libpq_marks_as_secret_is_sealed() -> None:
    marked = {option.keyword.decode() for option in pq.Conninfo.parse(b"") if option.dispchar == b"*"}
    assert marked <= SECRET_KEYWORDS


def test_equal_hashable_and_picklable_only_without_secrets() -> None:
    one, two = Conninfo.parse("host=db user=ann"), Conninfo.parse("user=ann host=db")
    assert one == two
    assert hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(one.with_(password="hunter2"))


def test_with_replaces_and_removes() -> None:
    target = Conninfo.parse("postgresql://ann:hunter2@db/shop")
    assert target.with_(dbname="other", port=5433).display == "postgresql://ann:********@db:5433/other"
    assert target.with_(password=None, user=None).display == "postgresql://db/shop"
    assert target.with_(password=Secret("new")).password == Secret("new")
    with pytest.raises(TypeError):
        target.params["host"] = "elsewhere"  # type: ignore[index]


WRONG = {
    "empty": ("  ", "empty"),
    "an @ in the password": ("postgresql://ann:hunter@x@db/shop", "%40"),
    "a / in the password": ("postgresql://ann:hunter/x@db/shop", "%2F"),
    "a / behind digits": ("postgresql://ann:12/hunter@db/shop", "%2F"),
    "a / and no @": ("postgresql://ann:hunter/shop", "percent-encoded"),
    "a % in the password": ("postgresql://ann:hunter%zz@db/shop", "%25"),
    "no UTF-8": ("postgresql://ann:hunter%ff@db/shop", "percent-encoded"),
    "half a character": ("postgresql://ann:hunter\ud800@db/shop", "percent-encoded"),
    "a NUL": ("postgresql://ann:hunter\0@db/shop", "NUL"),
    "an encoded NUL": ("postgresql://ann:hunter%00@db/shop", "percent-encoded"),
    "another driver's parameter": ("postgresql://ann:hunter@db/shop?schema=public", "'schema' (Prisma's"),
    "an unknown parameter": ("postgresql://ann:hunter@db/shop?sslmoed=require", "Did you mean 'sslmode'?"),
    "a ? and an @ in the password": ("postgresql://ann:a@b?hunter=1@db/shop", "percent-encoded"),
    "SQLAlchemy's scheme": ("postgresql+psycopg://ann:hunter@db/shop", "begin it with postgresql://"),
    "JDBC's scheme": ("jdbc:postgresql://db/shop?user=ann&password=hunter", "begin it with postgresql://"),
    "another server": ("mysql://ann:hunter@db/shop", "postgresql://"),
    "a space in a keyword string": ("host=db password=hunter x", "'...'"),
    "an open quote": ("host=db password='hunter", "'...'"),
    "a bare word": ("hunter", "host=db"),
    "a port that is none": ("host=db port=hunter", "1 to 65535"),
    "a port too large": ("postgresql://db:99999/hunter", "1 to 65535"),
    "sslmode misspelt": ("postgresql://ann:hunter@db/shop?sslmode=verifyfull", "Did you mean 'verify-full'?"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_without_showing_it(text: str, says: str) -> None:
    with pytest.raises(ConninfoError) as caught:
        Conninfo.parse(text)
    assert says in str(caught.value)
    assert "hunter" not in str(caught.value) + repr(caught.value)
    assert caught.value.__context__ is None


def test_fields_are_checked_too() -> None:
    with pytest.raises(ConninfoError, match=r"no connection keyword 'sslmoed'\. Did you mean 'sslmode'"):
        Conninfo.from_fields(host="db", sslmoed="require")
    with pytest.raises(ConninfoError, match="URL was given as the database's name"):
        Conninfo.from_fields(dbname="postgresql://ann:hunter2@db/shop")
    with pytest.raises(ConninfoError, match="secret"):
        Conninfo({"password": "hunter2"})


NO_SURROGATES = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
VALUES = st.text(NO_SURROGATES, max_size=40).filter(lambda value: not value.startswith("postgres"))


@given(VALUES, st.text(NO_SURROGATES, min_size=8, max_size=20))
@settings(deadline=None)
def test_any_value_survives_and_no_password_is_ever_shown(value: str, password: str) -> None:
    fields = {"host": "db", "user": value, "dbname": value, "password": f"<{password}>"}
    target = Conninfo.from_fields(**fields)
    assert conninfo_to_dict(target.reveal()) == fields
    assert f"<{password}>" not in target.display + repr(target)
    shown = Conninfo.parse(target.display).with_(password=None)
    assert {name: text for name, text in target.params.items() if text} == dict(shown.params)


@pytest.mark.parametrize("form", ["{}", "postgresql://ann:{}@db/shop", "host=db password={}"])
@given(text=st.text(max_size=60))
@settings(deadline=None)
def test_any_text_parses_or_is_an_error_of_ours(form: str, text: str) -> None:
    whole = form.format(text)
    try:
        target = Conninfo.parse(whole)
    except ConninfoError as caught:
        error = caught
    else:
        assert conninfo_to_dict(target.reveal()) == conninfo_to_dict(whole)
        return
    assert error.__context__ is None


def test_what_is_kept_of_parsed_texts_bears_no_secret() -> None:
    from pgops import conninfo

    for text in ("host=kept user=ann", "host=gone password=hunter2", "postgresql://gone?sslpassword=hunter2"):
        assert Conninfo.parse(text) == Conninfo.parse(text)
    assert "host=kept user=ann" in conninfo._PARSED or len(conninfo._PARSED) == conninfo._MOST_PARSED
    assert not any("hunter2" in text or each.password or each.secrets for text, each in conninfo._PARSED.items())
