"""Session settings: whose word counts, and how they travel as startup options."""

from __future__ import annotations

import pytest

from pgops.conninfo import Conninfo
from pgops.db.settings import SessionSettings, escape, setting_names, split
from pgops.errors import ConninfoError

OURS = (
    "-c default_transaction_read_only=on -c statement_timeout=60000 -c lock_timeout=5000 "
    "-c idle_in_transaction_session_timeout=300000"
)


def options(url: str, env: dict[str, str] | None = None, **called: object) -> str:
    target = Conninfo.parse(url)
    settings = SessionSettings.decide(target, env or {}, **called)  # type: ignore[arg-type]
    return settings.with_options(settings.parameters(target)).params.get("options", "")


CASES: dict[str, tuple[str, dict[str, str], dict[str, object], str]] = {
    "the defaults": ("host=db", {}, {}, OURS),
    "the URL's own go first": (r"host=db options='-c search_path=a\\ b'", {}, {}, rf"-c search_path=a\ b {OURS}"),
    "the URL beats a default": (
        "host=db options='-c statement_timeout=5s --lock-timeout=1s'", {}, {},
        "-c statement_timeout=5s --lock-timeout=1s -c default_transaction_read_only=on "
        "-c idle_in_transaction_session_timeout=300000",
    ),
    "the environment beats the URL": (
        "host=db options='-c statement_timeout=5s'", {"DB_STATEMENT_TIMEOUT_MS": "7000"}, {},
        "-c statement_timeout=5s -c default_transaction_read_only=on -c statement_timeout=7000 -c lock_timeout=5000 "
        "-c idle_in_transaction_session_timeout=300000",
    ),
    "the call beats the environment": (
        "host=db", {"DB_STATEMENT_TIMEOUT_MS": "7000", "DB_LOCK_TIMEOUT_MS": "800"},
        {"statement_timeout_s": 2.5},
        OURS.replace("=60000", "=2500").replace("=5000", "=800"),
    ),
    "0 is no limit": (
        "host=db", {}, {"statement_timeout_s": 0, "lock_timeout_s": 0},
        OURS.replace("=60000", "=0").replace("=5000", "=0"),
    ),
    "less than a millisecond is not 0": ("host=db", {}, {"statement_timeout_s": 0.0001}, OURS.replace("=60000", "=1")),
    "a blank variable is unset": ("host=db", {"DB_STATEMENT_TIMEOUT_MS": " "}, {}, OURS),
    "writable": ("host=db", {}, {"read_only": False}, OURS.removeprefix("-c default_transaction_read_only=on ")),
    "read-only is last, whatever the URL says": (
        "host=db options='-c default_transaction_read_only=off'", {}, {},
        f"-c default_transaction_read_only=off {OURS}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("url", "env", "called", "expected"), CASES.values(), ids=CASES.keys())
def test_options(url: str, env: dict[str, str], called: dict[str, object], expected: str) -> None:
    assert options(url, env, **called) == expected


@pytest.mark.parametrize(
    ("url", "env", "called", "expected"),
    [
        ("host=db", {}, None, "pgops"),
        ("host=db application_name=app", {}, None, "app"),
        ("host=db application_name=app", {"DB_APPLICATION_NAME": "night job"}, None, "night job"),
        ("host=db", {"DB_APPLICATION_NAME": "night job"}, "call", "call"),
        ("host=db options='-c application_name=app'", {}, None, None),
    ],
)
def test_application_name(url: str, env: dict[str, str], called: str | None, expected: str | None) -> None:
    target = Conninfo.parse(url)
    settings = SessionSettings.decide(target, env, application_name=called)
    assert settings.parameters(target).params.get("application_name") == expected


@pytest.mark.parametrize(
    ("url", "called", "expected"),
    [
        ("host=db", None, "10"),
        ("host=db connect_timeout=3", None, "3"),
        ("host=db connect_timeout=3", 4.2, "5"),
    ],
)
def test_connect_timeout_in_whole_seconds(url: str, called: float | None, expected: str) -> None:
    target = Conninfo.parse(url)
    settings = SessionSettings.decide(target, {}, connect_timeout_s=called)
    assert settings.parameters(target).params["connect_timeout"] == expected


def test_keepalives_of_the_url_stay() -> None:
    target = Conninfo.parse("host=db keepalives_idle=7 keepalives=0")
    settings = SessionSettings.decide(target, {})
    params = settings.parameters(target).params
    assert (params["keepalives"], params["keepalives_idle"], params["keepalives_count"]) == ("0", "7", "3")


@pytest.mark.parametrize(
    ("env", "called"),
    [
        ({"DB_STATEMENT_TIMEOUT_MS": "5s"}, {}),
        ({"DB_LOCK_TIMEOUT_MS": "-1"}, {}),
        ({"DB_LOCK_TIMEOUT_MS": "nan"}, {}),
        ({}, {"statement_timeout_s": -1}),
        ({}, {"lock_timeout_s": 1e9}),
        ({}, {"connect_timeout_s": -3}),
    ],
)
def test_a_wrong_number_is_an_error(env: dict[str, str], called: dict[str, float]) -> None:
    with pytest.raises(ConninfoError, match=r"number|range"):
        options("host=db", env, **called)


@pytest.mark.parametrize("value", ["plain", "a b", "a\\b", "\\", "a\tb\n", "", "a\\ b", "'\"-c x=1"])
def test_escaping_is_undone_by_splitting(value: str) -> None:
    assert split(f"-c x={escape(value)} -c y=1") == ["-c", f"x={value}", "-c", "y=1"]


def test_setting_names_in_every_spelling() -> None:
    assert setting_names(r"-c a=1 -cb=2 --c-d=3 -c e=\ f -d 5 -c") == {"a", "b", "c_d", "e"}


def test_values_with_spaces_and_backslashes_reach_the_server(any_database) -> None:
    value = 'it\'s a \\ "b"\tc'
    with any_database.connect(options=f"-c my.text={escape(value)}") as conn:
        assert conn.execute("SHOW my.text").fetchone() == (value,)
