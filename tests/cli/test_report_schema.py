"""docs/report.schema.json: real reports fit it, damaged ones don't, and it names every field that there is."""

from __future__ import annotations

import copy
import json

import attrs
import jsonschema
import pytest

import pgops
from pgops.checks.registry import BrokenPlugin
from pgops.checks.suppress import Suppressed, Suppression
from pgops.db.server import Extension, Server
from pgops.scratch import fresh_database
from tests.checks.making import make_check, untrusted
from tests.cli.conftest import ROOT, plant_duplicate_index

SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
FITS = jsonschema.Draft202012Validator(SCHEMA)


def problems(body: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in FITS.iter_errors(body)]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("standing", ["superuser", "bare role"])
def test_a_report_of_every_check_fits(database, standing):
    plant_duplicate_index(database, "Käse <b>")
    with database.connect() as conn:
        conn.execute("CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (parent_id int REFERENCES parent)")
        if standing == "bare role":
            conn.execute("CREATE ROLE schema_test_bare")
            conn.execute("SET SESSION AUTHORIZATION schema_test_bare")
        try:
            suppress = [{"check": "missing_fk_indexes", "reason": "small"}]
            report = pgops.run_checks(conn, suppress=suppress)
        finally:
            conn.execute("RESET SESSION AUTHORIZATION")
            conn.execute("DROP ROLE IF EXISTS schema_test_bare")
    assert report.findings
    assert any(result.suppressed for result in report.results)
    assert any(result.rows for result in report.results)
    assert problems(json.loads(report.to_json())) == []


def test_what_goes_wrong_fits_too(any_database):
    checks = untrusted(
        make_check("failed", "SELECT (1/0)::text AS name"),
        make_check("skipped", requires=pgops.Requires(extension="no_such_extension")),
        make_check("dies", "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())::text AS name"),
        make_check("after"),
    )
    with any_database.connect() as conn:
        report = pgops.run_checks(conn, registry=attrs.evolve(checks, broken=(BrokenPlugin("half", "ImportError: x"),)))
        nothing = pgops.run_checks(conn, registry=checks)
    assert {str(result.outcome) for result in report.results} == {"failed", "skipped"}
    assert nothing.server is None
    assert problems(json.loads(report.to_json())) == []
    assert problems(json.loads(nothing.to_json())) == []


def test_what_the_command_line_writes_fits(pgops_here, any_database):
    plant_duplicate_index(any_database)
    first = pgops_here("check", "--json")
    (pgops_here.cwd / "first.json").write_text(first.out, encoding="utf-8")
    second = pgops_here("check", "--json", "--compare", "first.json")
    assert problems(first.json) == []
    assert problems(second.json) == []
    assert "comparison" in second.json


# --- damaged reports --------------------------------------------------------------------------------------------------


def no_schema(body):
    del body["schema"]


def other_schema(body):
    body["schema"] = "pgops.report/2"


def no_server(body):
    del body["server"]


def local_time(body):
    body["started_at"] = "2026-11-22T10:00:00+01:00"


def more(body):
    body["results"][0]["more"] = 1


def unknown_outcome(body):
    body["results"][0]["outcome"] = "fine"


def clean_with_findings(body):
    body["results"][0]["outcome"] = "clean"


def found_without_findings(body):
    body["results"][0]["findings"] = []


def unknown_severity(body):
    body["results"][0]["findings"][0]["severity"] = "bad"


def odd_fingerprint(body):
    body["results"][0]["findings"][0]["fingerprint"] = "xyz"


def impossible_confidence(body):
    body["results"][0]["findings"][0]["confidence"] = 1.5


def nameless_target(body):
    del body["results"][0]["findings"][0]["target"]["name"]


def nested_row(body):
    body["results"][0]["rows"][0]["schema"] = {"name": "public"}


def unknown_type(body):
    body["results"][0]["fields"]["schema"] = "text"


def missing_title(body):
    del body["results"][0]["title"]


DAMAGES = [
    no_schema,
    other_schema,
    no_server,
    local_time,
    more,
    unknown_outcome,
    clean_with_findings,
    found_without_findings,
    unknown_severity,
    odd_fingerprint,
    impossible_confidence,
    nameless_target,
    nested_row,
    unknown_type,
    missing_title,
]


@pytest.fixture(scope="module")
def whole(any_server):
    with fresh_database(any_server) as database:
        plant_duplicate_index(database)
        with database.connect() as conn:
            body = json.loads(pgops.run_checks(conn, "duplicate_indexes").to_json())
    assert problems(body) == []
    return body


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_report_is_refused(whole, damage):
    body = copy.deepcopy(whole)
    damage(body)
    assert problems(body)


# --- the schema and the classes ---------------------------------------------------------------------------------------

CLASSES = {
    "result": (pgops.CheckResult, {"fields"}),
    "finding": (pgops.Finding, {"sql", "fingerprint"}),
    "target": (pgops.Target, set()),
    "unseen": (pgops.Unseen, set()),
    "suppressed": (Suppressed, set()),
    "server": (Server, set()),
    "extension": (Extension, set()),
    "brokenPlugin": (BrokenPlugin, set()),
    "comparison": (pgops.Comparison, set()),
    "reading": (pgops.Reading, set()),
    "forecast": (pgops.Forecast, {"sql", "days_left"}),
}


def names(kind: type) -> set[str]:
    return {field.name for field in attrs.fields(kind)}


@pytest.mark.parametrize(
    ("place", "kind", "added"), [(place, *of) for place, of in CLASSES.items()], ids=CLASSES.keys()
)
def test_the_schema_names_every_field(place, kind, added):
    described = SCHEMA["$defs"][place]
    assert set(described["properties"]) == set(described["required"]) == names(kind) | added


def test_the_schema_names_every_field_of_a_report_and_of_a_suppression():
    assert set(SCHEMA["required"]) == names(pgops.Report) | {"schema"}
    assert set(SCHEMA["properties"]) == names(pgops.Report) | {"schema", "comparison"}
    assert set(SCHEMA["$defs"]["suppressed"]["properties"]["by"]["properties"]) == names(Suppression)
    assert SCHEMA["$defs"]["result"]["properties"]["outcome"]["enum"] == [str(outcome) for outcome in pgops.Outcome]
    assert SCHEMA["$defs"]["finding"]["properties"]["severity"]["enum"] == [str(each) for each in pgops.Severity]
