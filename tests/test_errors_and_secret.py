"""Every error comes whole out of another process, and a secret shows itself nowhere."""

from __future__ import annotations

import copy
import importlib
import inspect
import io
import json
import logging
import pickle
import pkgutil
import traceback

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pgops
from pgops import PgopsError, Secret
from pgops.errors import ConfigError, UnknownCheckError, did_you_mean, nearest
from pgops.secret import MASK, without_passwords

# --- errors -----------------------------------------------------------------------------------------------------------


def all_errors() -> list[type[PgopsError]]:
    """Every error class of the package, wherever it is declared."""
    for module in pkgutil.walk_packages(pgops.__path__, "pgops."):
        if not module.name.startswith("pgops.cli") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, waiting = [], [PgopsError]
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting += [sub for sub in each.__subclasses__() if sub.__module__.startswith("pgops.")]
    return found


ERRORS = all_errors()


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_pickles_and_keeps_what_and_cure(kind):
    error = kind("It is wrong.", cure="Mend it.")
    error.add_note("noted")
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(error, protocol))
        assert type(back) is kind
        assert (back.what, back.cure, str(back)) == ("It is wrong.", "Mend it.", "It is wrong. Mend it.")
        assert vars(back) == vars(error)
        assert back.__notes__ == ["noted"]
    assert str(copy.copy(error)) == str(error)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_says_its_cause_in_its_docstring(kind):
    assert "__doc__" in vars(kind)
    assert len(inspect.cleandoc(vars(kind)["__doc__"] or "").split()) >= 5


@pytest.mark.parametrize(
    "kind", [each for each in ERRORS if issubclass(each, ConfigError)], ids=lambda kind: kind.__name__
)
def test_a_config_error_keeps_its_place(kind):
    error = pickle.loads(
        pickle.dumps(kind("No such key.", path="/a/postgres.toml", line=7, key="x.y", cure="Drop it."))
    )
    assert (error.path, error.line, error.key) == ("/a/postgres.toml", 7, "x.y")
    assert str(error) == "/a/postgres.toml:7: No such key. Drop it."
    assert str(kind("No such file.", path="/a")) == "/a: No such file."


def test_an_unknown_check_is_a_key_error_with_a_readable_message():
    with pytest.raises(KeyError, match=r"^It's not there\. Look again\.$"):
        raise UnknownCheckError("It's not there.", cure="Look again.")


def test_without_a_cure_no_space_is_left():
    assert str(PgopsError("It is wrong.")) == "It is wrong."


SUGGESTIONS = {
    ("lokal", ("local", "prod")): "Did you mean 'local'?",
    ("quite else", ("local", "prod")): "",
    ("x", ()): "",
    ("local", ("lokal", "local")): "Did you mean 'local'?",
}


@pytest.mark.parametrize(("case", "sentence"), SUGGESTIONS.items())
def test_did_you_mean(case, sentence):
    assert did_you_mean(*case) == sentence


def test_the_nearest_come_best_first():
    assert nearest("tables", ["table", "tables_", "xyz"], most=5) == ["tables_", "table"]


# --- secrets ----------------------------------------------------------------------------------------------------------

PASSWORD = "hunter2-geheim"


@attrs.frozen
class Holder:
    secret: Secret


def logged(secret: Secret) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    logger = logging.getLogger("tests.secret")
    logger.addHandler(handler)
    try:
        logger.error("%s %r", secret, secret)
    finally:
        logger.removeHandler(handler)
    return out.getvalue()


def traced(secret: Secret) -> str:
    try:
        raise RuntimeError(secret)
    except RuntimeError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


SHOWN = {
    "repr": repr,
    "str": str,
    "f-string": lambda secret: f"{secret} {secret!r} {secret!s} {secret!a} {secret:>30}",
    "format": lambda secret: f"{secret} {secret:<20}",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
    "in a list": lambda secret: repr([secret, {"a": secret}]),
    "in an attrs object": lambda secret: repr(Holder(secret)),
    "as a dictionary": lambda secret: repr(attrs.asdict(Holder(secret))),
    "json by str": lambda secret: json.dumps({"password": secret}, default=str),
    "log": logged,
    "traceback with locals": traced,
    "hash": lambda secret: str(hash(secret)),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN.keys())
def test_a_secret_is_not_shown(show):
    shown = show(Secret(PASSWORD))
    assert shown
    assert PASSWORD not in shown
    assert "geheim" not in shown


def test_even_an_empty_or_long_secret_looks_the_same():
    assert repr(Secret("")) == repr(Secret("x" * 500)) == f"Secret('{MASK}')"


REFUSED = {
    "pickle": pickle.dumps,
    "pickle of a holder": lambda secret: pickle.dumps(Holder(secret)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "json": json.dumps,
    "vars": vars,
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED.keys())
def test_a_secret_does_not_leave(call):
    with pytest.raises(TypeError) as raised:
        call(Secret(PASSWORD))
    assert PASSWORD not in str(raised.value)


def test_a_secret_does_not_change():
    secret = Secret("a")
    with pytest.raises(AttributeError):
        secret._text = "b"
    with pytest.raises(AttributeError):
        del secret._text
    assert secret.reveal() == "a"


@given(one=st.text(), other=st.text())
def test_secrets_compare_as_their_texts(one, other):
    """Lone surrogates too: that is how Python hands on bytes of the environment that are no UTF-8."""
    assert (Secret(one) == Secret(other)) == (one == other)
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))
    assert Secret(one) != one
    assert bool(Secret(one)) == bool(one)


STATEMENTS = {
    "ALTER ROLE app PASSWORD 'hunter2' VALID UNTIL 'infinity'": "ALTER ROLE app PASSWORD '********'",
    "alter role app password E'hun\\'ter2'": "alter role app password E'********'",
    "CREATE ROLE app PASSWORD $$hunter2$$": "CREATE ROLE app PASSWORD '********'",
    "CREATE ROLE app PASSWORD $x1$hunter2$x1$": "CREATE ROLE app PASSWORD '********'",
    "ALTER ROLE app PASSWORD 'hunter2": "ALTER ROLE app PASSWORD '********'",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x password=a' PUBLICATION p": "CREATE SUBSCRIPTION s CONNECTION '********'",
    "SELECT dblink('postgresql://app:hunter2@x/y')": "SELECT dblink('********'",
    "ALTER SERVER s OPTIONS (password 'b')": "ALTER SERVER s OPTIONS (password '********'",
    "SELECT password FROM users WHERE name = $1": "SELECT password FROM users WHERE name = $1",
    "SELECT 'just a text'": "SELECT 'just a text'",
    "": "",
}


@pytest.mark.parametrize(("sql", "shown"), STATEMENTS.items())
def test_statements_lose_their_passwords(sql, shown):
    assert without_passwords(sql) == shown
