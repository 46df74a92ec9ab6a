"""The list of attempts, and which follows which failure."""

from __future__ import annotations

import pytest

from pgops.conninfo import Conninfo
from pgops.db.attempts import Attempt, Failed, Route, attempts, following
from pgops.db.refusals import Refusal
from pgops.db.settings import SessionSettings
from pgops.errors import ConnectError, NotReadOnlyError, PgopsError

TLS, OPTIONS = Refusal.NO_ENCRYPTION, Refusal.OPTIONS
DEMAND = Failed.to_connect("FATAL:  SSL required")
REFUSE = Failed.to_connect("FATAL:  unsupported startup parameter: options")
OTHER = Failed.to_connect('FATAL:  password authentication failed for user "ann"')


def planned(url: str, *, read_only: bool = True) -> tuple[Attempt, ...]:
    target = Conninfo.parse(url)
    return attempts(target, SessionSettings.decide(target, {}, read_only=read_only))


def summary(attempt: Attempt) -> tuple[str | None, Route, bool, set[Refusal]]:
    return attempt.target.sslmode, attempt.route, attempt.autocommit, set(attempt.answers)


LISTS: dict[str, tuple[str, bool, list[tuple[str | None, Route, bool, set[Refusal]]]]] = {
    "sslmode disable": (
        "host=db sslmode=disable", True,
        [
            ("disable", Route.OPTIONS, True, set()),
            ("require", Route.OPTIONS, True, {TLS}),
            ("disable", Route.TRANSACTION, False, {OPTIONS}),
            ("require", Route.TRANSACTION, False, {OPTIONS, TLS}),
        ],
    ),
    **{
        f"sslmode {mode}: kept": (
            f"host=db sslmode={mode}", True,
            [(mode, Route.OPTIONS, True, set()), (mode, Route.TRANSACTION, False, {OPTIONS})],
        )
        for mode in ("allow", "prefer", "require", "verify-ca", "verify-full")
    },
    "no sslmode: libpq's": (
        "host=db", True, [(None, Route.OPTIONS, True, set()), (None, Route.TRANSACTION, False, {OPTIONS})]
    ),
    "writable": ("host=db", False, [(None, Route.OPTIONS, True, set()), (None, Route.PLAIN, True, {OPTIONS})]),
}  # fmt: skip


@pytest.mark.parametrize(("url", "read_only", "expected"), LISTS.values(), ids=LISTS.keys())
def test_the_list(url: str, read_only: bool, expected: list[object]) -> None:
    assert [summary(attempt) for attempt in planned(url, read_only=read_only)] == expected


def test_the_second_route_keeps_the_options_of_the_url_and_drops_ours() -> None:
    first, second = planned("host=db options='-c search_path=x'")
    assert first.target.params["options"].startswith("-c search_path=x -c default_transaction_read_only=on")
    assert second.target.params["options"] == "-c search_path=x"
    assert second.target.params["application_name"] == "pgops"


WALKS: dict[str, tuple[str, list[Failed], str | None, Route]] = {
    "at first": ("host=db sslmode=disable", [], "disable", Route.OPTIONS),
    "encryption": ("host=db sslmode=disable", [DEMAND], "require", Route.OPTIONS),
    "options": ("host=db sslmode=disable", [REFUSE], "disable", Route.TRANSACTION),
    "encryption, then options": ("host=db sslmode=disable", [DEMAND, REFUSE], "require", Route.TRANSACTION),
    "options, then encryption": ("host=db sslmode=disable", [REFUSE, DEMAND], "require", Route.TRANSACTION),
    "options swallowed": ("host=db", [Failed.to_be_read_only(Route.OPTIONS)], None, Route.TRANSACTION),
}


@pytest.mark.parametrize(("url", "failures", "sslmode", "route"), WALKS.values(), ids=WALKS.keys())
def test_the_attempt_that_follows(url: str, failures: list[Failed], sslmode: str | None, route: Route) -> None:
    attempt = following(planned(url), failures)
    assert (attempt.target.sslmode, attempt.route) == (sslmode, route)


ENDS: dict[str, tuple[str, list[Failed], type[PgopsError], str]] = {
    "another failure": ("host=db sslmode=disable", [OTHER], ConnectError, "Mend the password"),
    "after the fallback": ("host=db sslmode=disable", [DEMAND, OTHER], ConnectError, "tried again"),
    "the same demand twice": ("host=db sslmode=disable", [DEMAND, DEMAND], ConnectError, "SSL required"),
    "the same refusal twice": ("host=db", [REFUSE, REFUSE], ConnectError, "out of the URL"),
    "encryption, with sslmode prefer": ("host=db sslmode=prefer", [DEMAND], ConnectError, "SSL required"),
    "neither route": (
        "host=db",
        [Failed.to_be_read_only(Route.OPTIONS), Failed.to_be_read_only(Route.TRANSACTION)],
        NotReadOnlyError,
        "read-only transactions",
    ),
}


@pytest.mark.parametrize(("url", "failures", "error", "says"), ENDS.values(), ids=ENDS.keys())
def test_where_no_attempt_follows(url: str, failures: list[Failed], error: type[PgopsError], says: str) -> None:
    with pytest.raises(error, match=says):
        following(planned(url), failures)
