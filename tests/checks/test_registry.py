"""Names and choices: the registry, selection, plugins that fail."""

from __future__ import annotations

import threading
import types

import attrs
import pytest

import pgops
from pgops import (
    Query,
    Registry,
)
from pgops.checks.api import Check
from pgops.checks.catalogue import default_registry
from pgops.checks.registry import Registered, load_registry
from pgops.checks.select import select
from pgops.checks.suppress import BadSuppressionError
from pgops.errors import BadLimitError, DuplicateCheckError, UnknownCheckError
from tests.checks.making import NOTHING, Row, trusted


def check(id_: str, *aliases: str, **more) -> Check:
    return Check(id=id_, aliases=aliases, doc="Title.", row=Row, queries=[Query(since=14, sql=NOTHING)], **more)


TABLES = check("size.tables", "table_sizes", "sizes")
INDEXES = check("size.indexes", "sizes")
LOCKS = check("locks.waits", "waits")
DEEP = check("locks.deep", "deep_look", opt_in=True)
COSTLY = check("costly.scan", opt_in=True)
REGISTRY = Registry.of([TABLES, LOCKS, INDEXES, DEEP, COSTLY])

# --- one namespace ----------------------------------------------------------------------------------------------------


def test_it_keeps_the_order_and_knows_every_name():
    assert [each.id for each in REGISTRY.checks] == [
        "size.tables",
        "locks.waits",
        "size.indexes",
        "locks.deep",
        "costly.scan",
    ]
    assert REGISTRY.topics == ("size", "locks", "costly")
    assert {"size.tables", "table_sizes", "sizes", "waits", "locks", "size"} <= set(REGISTRY.names)
    assert len(REGISTRY.names) == len(set(REGISTRY.names))


def registry(*entries: tuple[Check, str]) -> Registry:
    return Registry(tuple(Registered(each, origin) for each, origin in entries))


CLASHES = {
    "one id twice": ([(check("a.b"), "one"), (check("a.b"), "two")], "'a.b'.*one.*two"),
    "an alias that is a topic": (
        [(check("a.b", "c"), "one"), (check("c.d"), "two")],
        r"'c'.*a\.b \(one\).*c\.d \(two\)",
    ),
    "a topic that is an alias": (
        [(check("c.d"), "two"), (check("a.b", "c"), "one")],
        r"'c'.*a\.b \(one\).*c\.d \(two\)",
    ),
    "an alias that is its own topic": ([(check("a.b", "a"), "one")], r"'a'.*a\.b \(one\)"),
}


@pytest.mark.parametrize(("entries", "says"), CLASHES.values(), ids=CLASHES.keys())
def test_two_meanings_are_an_error_that_names_both(entries, says):
    with pytest.raises(DuplicateCheckError, match=says):
        registry(*entries)


def test_the_very_same_check_twice_is_an_error_too():
    with pytest.raises(DuplicateCheckError, match=r"'size\.tables' is declared twice"):
        Registry.of([TABLES, TABLES])


@pytest.mark.parametrize(
    ("name", "found"), {"size.tables": TABLES, "table_sizes": TABLES, "waits": LOCKS, "deep_look": DEEP}.items()
)
def test_get(name, found):
    assert REGISTRY.get(name) is found


UNKNOWN = {
    "table_size": "'table_size'.*Did you mean 'table_sizes'",
    "size.table": r"Did you mean 'size\.tables'",
    "quite something else": "list_checks",
    "": "list_checks",
    "size.*": "No check",
    "sizes": r"several checks: size\.tables, size\.indexes",
    "size": r"is a topic: size\.tables, size\.indexes",
    "costly": r"is a topic: costly\.scan",
}


@pytest.mark.parametrize(("name", "says"), UNKNOWN.items())
def test_get_what_is_not_one_check(name, says):
    with pytest.raises(UnknownCheckError, match=says) as raised:
        REGISTRY.get(name)
    assert isinstance(raised.value, KeyError)


# --- selecting --------------------------------------------------------------------------------------------------------

STRANGER = check("size.other", "sizes")
SELECTIONS = {
    "nothing said": (None, "size.tables locks.waits size.indexes"),
    "an id": ("size.tables", "size.tables"),
    "an alias": ("table_sizes", "size.tables"),
    "an alias of several": ("sizes", "size.tables size.indexes"),
    "a topic": ("size", "size.tables size.indexes"),
    "a topic without what is opt-in": ("locks", "locks.waits"),
    "a glob": ("size.*", "size.tables size.indexes"),
    "a glob of aliases": ("table_*", "size.tables"),
    "everything": ("*", "size.tables locks.waits size.indexes"),
    "a set of letters": ("size.[it]*", "size.tables size.indexes"),
    "an object": (LOCKS, "locks.waits"),
    "objects and names": ([LOCKS, "sizes"], "size.tables locks.waits size.indexes"),
    "the registry's order": (["locks.waits", "size.tables"], "size.tables locks.waits"),
    "each once": (["size", "size.*", TABLES, "sizes"], "size.tables size.indexes"),
    "opt-in by id": ("locks.deep", "locks.deep"),
    "opt-in by alias": ("deep_look", "locks.deep"),
    "opt-in as an object": ([DEEP], "locks.deep"),
    "all but one": ("!locks.waits", "size.tables size.indexes"),
    "all but a topic": ("!size", "locks.waits"),
    "all but an alias": (["!sizes"], "locks.waits"),
    "all but a glob": (["!size.*"], "locks.waits"),
    "a topic but one": (["size", "!size.indexes"], "size.tables"),
    "exclusion first": (["!size.indexes", "size"], "size.tables"),
    "nothing left": (["size", "!size"], ""),
    "left out what is opt-in": (["locks.deep", "!locks"], ""),
    "an empty list": ([], ""),
    "an iterator": (iter(["size.tables"]), "size.tables"),
    "a set": ({"size.tables"}, "size.tables"),
    "a stranger comes last": ([STRANGER, "size.tables"], "size.tables size.other"),
}


@pytest.mark.parametrize(("wanted", "ids"), SELECTIONS.values(), ids=SELECTIONS.keys())
def test_selection(wanted, ids):
    assert [entry.check.id for entry in select(REGISTRY, wanted)] == ids.split()


UNFIT = {
    "a typing error": ("table_size", "Did you mean 'table_sizes'"),
    "a typing error in an exclusion": (["size", "!table_size"], "Did you mean 'table_sizes'"),
    "a glob that fits nothing": ("nothing.*", "fits no check"),
    "capitals": ("SIZE", "fits no check"),
    "an empty text": ("", "fits no check"),
    "an exclamation mark": ("!", "fits no check"),
    "a topic of opt-in checks only": ("costly", r"when they are named: costly\.scan"),
    "a glob of opt-in checks only": ("*.deep", r"when they are named: locks\.deep"),
}


@pytest.mark.parametrize(("wanted", "says"), UNFIT.values(), ids=UNFIT.keys())
def test_what_fits_nothing_is_an_error(wanted, says):
    with pytest.raises(UnknownCheckError, match=says):
        select(REGISTRY, wanted)


@pytest.mark.parametrize("wanted", [[None], [42], 42], ids=repr)
def test_what_is_no_selector_is_a_type_error(wanted):
    with pytest.raises(TypeError):
        select(REGISTRY, wanted)


def test_only_the_registrys_own_object_is_trusted():
    own = trusted(TABLES)
    assert [entry.trusted for entry in select(own, [TABLES])] == [True]
    assert [entry.trusted for entry in select(own, [attrs.evolve(TABLES)])] == [False]
    assert [entry.trusted for entry in select(own, [LOCKS])] == [False]


def test_a_limit_by_topic_a_selector_and_a_wrong_name_fail_before_the_server_is_asked():
    """A source that can't even be used: what is wrong with the arguments is said first."""
    for error, more in (
        (UnknownCheckError, {"select": "tabels"}),
        (BadLimitError, {"limits": {"tabels": {}}}),
        (BadSuppressionError, {"suppress": [{}]}),
        (ValueError, {"statement_timeout_s": 0}),
    ):
        with pytest.raises(error):
            pgops.run_checks(object(), registry=REGISTRY, **more)


# --- the catalogue ----------------------------------------------------------------------------------------------------


def test_many_threads_get_one_registry():
    from pgops.checks import catalogue

    catalogue._loaded.cache_clear()
    start = threading.Barrier(8)
    got = []

    def ask():
        start.wait()
        got.append(default_registry())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(got) == 8
    assert len({id(each) for each in got}) == 1


def test_the_catalogue_has_no_broken_plugin_and_one_meaning_a_name():
    registry = default_registry()
    assert registry.broken == ()
    for name in registry.names:
        assert registry.named(name)
    for each in registry.checks:
        assert pgops.get_check(each.id) is each


# --- plugins ----------------------------------------------------------------------------------------------------------


class EntryPoint:
    """An installed plugin, as importlib.metadata hands it out: a name, and `load()` that imports it."""

    def __init__(self, name: str, load) -> None:
        self.name = name
        self.load = load


def plugin(give):
    """An object whose hook does that."""
    return types.SimpleNamespace(pgops_checks=pgops.hookimpl(give))


def raising(error):
    def load():
        raise error

    return load


BROKEN = {
    "does not import": (raising(ImportError("no module named x")), "ImportError: no module named x"),
    "ends the process when imported": (raising(SystemExit(3)), "SystemExit: 3"),
    "implements nothing": (lambda: types.SimpleNamespace(pgops_checks=list), "hookimpl missing"),
    "raises": (lambda: plugin(lambda: 1 / 0), "ZeroDivisionError"),
    "gives no checks": (lambda: plugin(lambda: ["a.b"]), "gave str"),
    "gives nothing": (lambda: plugin(lambda: None), "TypeError"),
    "declares wrongly": (lambda: plugin(lambda: [check("Wrong")]), "BadCheckError"),
}


@pytest.mark.parametrize(("load", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_named_and_the_rest_goes_on(load, says, monkeypatch):
    installed = [EntryPoint("theirs", load), EntryPoint("well", lambda: plugin(lambda: [check("well.done")]))]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: installed if group == "pgops" else [])
    registry = load_registry(plugin(lambda: [TABLES]))
    assert [entry.check.id for entry in registry] == ["size.tables", "well.done"]
    assert [entry.trusted for entry in registry] == [True, False]
    ((name, error),) = [(each.name, each.error) for each in registry.broken]
    assert name == "theirs"
    assert says in error


def test_a_plugin_that_claims_our_name_is_not_trusted(monkeypatch):
    installed = [EntryPoint("pgops", lambda: plugin(lambda: [LOCKS]))]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: installed)
    registry = load_registry(plugin(lambda: [TABLES]))
    assert [(entry.check.id, entry.trusted) for entry in registry] == [("size.tables", True)]
    assert [each.name for each in registry.broken] == ["pgops"]


def test_a_plugin_that_takes_our_id_is_an_error_that_names_both(monkeypatch):
    installed = [EntryPoint("theirs", lambda: plugin(lambda: [attrs.evolve(TABLES)]))]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: installed)
    with pytest.raises(DuplicateCheckError, match=r"'size\.tables' is declared twice: by pgops and by theirs"):
        load_registry(plugin(lambda: [TABLES]))
