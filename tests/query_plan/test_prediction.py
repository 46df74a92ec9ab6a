"""What if there were this index: hypopg's answers, marked as predictions, and no trace left behind."""

from __future__ import annotations

import json

import pytest

from pgops.errors import ExplainError, NotPredictableError
from pgops.query_plan import explain, predict_index
from pgops.scratch import fresh_database, start_server
from tests.servers import SETTINGS, need_extension, system_binaries

pytestmark = pytest.mark.xdist_group("hypopg")  # one server for all of them

ASKED = "SELECT * FROM t WHERE b = %s"


@pytest.fixture(scope="module")
def debian():
    """Debian's server: hypopg is packaged for it."""
    with start_server(system_binaries(), settings=SETTINGS) as server:
        need_extension(server, "hypopg")
        yield server


@pytest.fixture
def conn(debian):
    with fresh_database(debian) as database, database.connect() as conn:
        conn.autocommit = True
        conn.execute('CREATE SCHEMA "hy po"; CREATE EXTENSION hypopg SCHEMA "hy po"')
        conn.execute(
            "CREATE TABLE t (a int, b int, c text); INSERT INTO t SELECT g, g FROM generate_series(1, 50000) AS g"
        )
        conn.execute("ANALYZE t")
        yield conn


def left_behind(conn) -> int:
    return conn.execute('SELECT count(*) FROM "hy po".hypopg()').fetchone()[0]


def test_an_index_is_predicted_and_nothing_is_left(conn):
    conn.execute("SET default_transaction_read_only = on")
    predicted = predict_index(conn, ASKED, "CREATE INDEX ON t (b);", [7])
    assert predicted.would_be_used
    assert predicted.size_bytes > 100_000
    assert predicted.cost_ratio < 0.1
    assert predicted.before.root.node_type == "Seq Scan"
    assert (predicted.before.is_prediction, predicted.after.is_prediction) == (False, True)
    assert "prediction" in predicted.to_text()
    assert "prediction" in predicted.after.to_html()
    assert json.loads(json.dumps(predicted.to_plain()))["is_prediction"] is True
    assert str(predicted.comparison.verdict) == "improved"
    useless = predict_index(conn, ASKED, "CREATE INDEX ON t (a)", [7])
    assert (useless.would_be_used, useless.cost_ratio) == (False, 1.0)
    assert left_behind(conn) == 0
    conn.execute("""SELECT "hy po".hypopg_create_index('CREATE INDEX ON t (b)')""")
    assert explain(conn, ASKED, [7]).is_prediction, "by an index of the caller's own"
    assert not explain(conn, "SELECT * FROM t WHERE a = 7").is_prediction


REFUSED = {
    "no table": ("CREATE INDEX ON nowhere (a)", "nowhere"),
    "no column": ("CREATE INDEX ON t (nothing)", "nothing"),
    "a method that hypopg does not know": ("CREATE INDEX ON t USING gin (c)", "gin|operator class"),
    "something else": ("SELECT 1", "not one CREATE INDEX"),
    "two": ("CREATE INDEX ON t (a); CREATE INDEX ON t (b)", "not one CREATE INDEX"),
    "something else behind it": ("CREATE INDEX ON t (b); DROP TABLE t", "not one CREATE INDEX"),
    "something else before it": ("SELECT 1; CREATE INDEX ON t (b)", "not one CREATE INDEX"),
    "no text": (None, "NoneType"),
    "no SQL": ("CREATE INDEXES", "42601|not one"),
    "nothing": ("", "not one CREATE INDEX"),
}


def test_what_hypopg_can_not_model_is_refused_in_its_words(conn):
    for name, (create_index, words) in REFUSED.items():
        with pytest.raises(NotPredictableError, match=words):
            predict_index(conn, ASKED, create_index, [7])
        assert left_behind(conn) == 0, name
    with pytest.raises(ExplainError):
        predict_index(conn, "SELEC", "CREATE INDEX ON t (b)")
    conn.autocommit = False
    conn.execute("INSERT INTO t VALUES (1)")
    assert predict_index(conn, ASKED, "CREATE INDEX ON t (b)", [7]).would_be_used, "in a transaction of the caller's"
    assert left_behind(conn) == 0


def test_without_hypopg_the_cure_is_named(any_database):
    with any_database.connect() as conn:
        with pytest.raises(NotPredictableError, match="CREATE EXTENSION hypopg"):
            predict_index(conn, "SELECT 1", "CREATE INDEX ON t (b)")
        assert conn.execute("SELECT 1").fetchone() == (1,)
