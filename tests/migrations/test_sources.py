"""Any project's SQL: the naming and markers of other tools, and what Alembic and Django really write."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from pgops.errors import SourceError
from pgops.migrations.applying.proposing import propose
from pgops.migrations.lint.linter import lint_scripts
from pgops.migrations.sources import read_sources

FOLDERS = {
    "plain, numbers by value": (
        {
            "10_c.sql": "SELECT 10",
            "2_b.sql": "SELECT 2",
            "1_a.sql": "SELECT 1",
            ".hidden.sql": "SELECT 0",
            "x.txt": "no",
        },
        [("1_a.sql", 1, "SELECT 1"), ("2_b.sql", 1, "SELECT 2"), ("10_c.sql", 1, "SELECT 10")],
    ),
    "Flyway": (
        {
            "V1__one.sql": "SELECT 1",
            "V1.10__ten.sql": "SELECT 110",
            "V1_2__two.sql": "SELECT 12",
            "V20260101__late.sql": "SELECT 2026",
            "R__view.sql": "SELECT 'again'",
            "U1__one.sql": "SELECT 'undo'",
        },
        [
            ("V1__one.sql", 1, "SELECT 1"),
            ("V1_2__two.sql", 1, "SELECT 12"),
            ("V1.10__ten.sql", 1, "SELECT 110"),
            ("V20260101__late.sql", 1, "SELECT 2026"),
            ("R__view.sql", 1, "SELECT 'again'"),
        ],
    ),
    "dbmate": (
        {
            "20260101120000_a.sql": "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nDROP TABLE a;\n",
            "20260102120000_b.sql": "-- migrate:up transaction:false\nSELECT 2;\n-- migrate:down\nSELECT 3;\n",
        },
        [("20260101120000_a.sql", 2, "SELECT 1"), ("20260102120000_b.sql", 2, "SELECT 2")],
    ),
    "goose": (
        {
            "00002_b.sql": "-- +goose Up\nSELECT 2;\n",
            "00001_a.sql": (
                "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\n"
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;\n-- +goose StatementEnd\n"
                "-- +goose Down\nDROP FUNCTION f;\n"
            ),
        },
        [
            ("00001_a.sql", 4, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$"),
            ("00002_b.sql", 2, "SELECT 2"),
        ],
    ),
    "golang-migrate": (
        {"1_a.up.sql": "SELECT 1", "1_a.down.sql": "SELECT 'down'", "2_b.up.sql": "SELECT 2"},
        [("1_a.up.sql", 1, "SELECT 1"), ("2_b.up.sql", 1, "SELECT 2")],
    ),
    "sqitch": (
        {
            "sqitch.plan": (
                "%syntax-version=1.0.0\n%project=shop\n\n"
                "users 2026-01-01T00:00:00Z Ann <ann@example.org> # the users\n"
                "flips [users] 2026-01-02T00:00:00Z Ann <ann@example.org> # flips\n"
                "@v1.0 2026-01-03T00:00:00Z Ann <ann@example.org> # a release\n\n"
                "users [users@v1.0] 2026-01-04T00:00:00Z Ann <ann@example.org> # again\n"
            ),
            "deploy/users@v1.0.sql": "BEGIN;\nSELECT 1;\nCOMMIT;\n",
            "deploy/flips.sql": "SELECT 2;",
            "deploy/users.sql": "SELECT 3;",
            "revert/users.sql": "SELECT 'no';",
        },
        [
            ("deploy/users@v1.0.sql", 2, "SELECT 1"),
            ("deploy/flips.sql", 1, "SELECT 2"),
            ("deploy/users.sql", 1, "SELECT 3"),
        ],
    ),
}


@pytest.mark.parametrize(("files", "wanted"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_is_read_as_its_tool_would(tmp_path, files, wanted):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [
        (source.file, statement.line, statement.text)
        for source in read_sources(tmp_path)
        for statement in source.script.statements
        if "BEGIN" not in statement.text and "COMMIT" not in statement.text
    ]
    assert found == wanted


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "a.sql").write_bytes(b"SELECT '\xff'")
    with pytest.raises(SourceError, match="not UTF-8"):
        read_sources(tmp_path)
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        read_sources(tmp_path / "missing.sql")
    (tmp_path / "sqitch.plan").write_text("users 2026-01-01T00:00:00Z Ann <a@b> # x\n")
    with pytest.raises(SourceError, match=r"users\.sql can't be read"):
        read_sources(tmp_path)


def test_a_folder_is_applied_file_by_file(any_database, tmp_path):
    (tmp_path / "V1__a.sql").write_text("CREATE TABLE a (id int);\n")
    (tmp_path / "V2__b.sql").write_text("CREATE INDEX CONCURRENTLY a_id ON a (id);\nALTER TABLE a ADD COLUMN b int;\n")
    with any_database.connect(autocommit=True) as conn:
        proposal = propose(conn, read_sources(tmp_path))
        proposal.apply(conn, approval=proposal.approve(by="ann"))
        assert conn.execute("SELECT file, count(*) FROM pgops.ledger GROUP BY file ORDER BY file").fetchall() == [
            ("V1__a.sql", 1),
            ("V2__b.sql", 2),
        ]
        (tmp_path / "V3__c.sql").write_text("CREATE TABLE c ();")
        assert propose(conn, read_sources(tmp_path)).statements == ("CREATE TABLE c ()",)


# --- what other tools really write ------------------------------------------------------------------------------------

ALEMBIC = {
    "alembic.ini": "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql+psycopg://nobody@nowhere/none\n",
    "migrations/env.py": """
        from alembic import context
        context.configure(url="postgresql+psycopg://nobody@nowhere/none", literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
    """,
    "migrations/script.py.mako": "",
    "migrations/versions/one.py": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision = "one", None
        def upgrade():
            op.create_table("orders", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("day", sa.Date))
    """,
    "migrations/versions/two.py": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision = "two", "one"
        def upgrade():
            op.add_column("orders", sa.Column("note", sa.Text, server_default="it's 100%"))
            op.create_check_constraint("day_set", "orders", "day IS NOT NULL")
            with op.get_context().autocommit_block():
                op.create_index("orders_day", "orders", ["day"], postgresql_concurrently=True)
    """,
}


def test_alembic(any_database, tmp_path):
    for name, text in ALEMBIC.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(textwrap.dedent(text))
    command = [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"]
    sql = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    (tmp_path / "offline.sql").write_text(sql)
    assert_linted_and_applied(
        any_database, tmp_path / "offline.sql", rule="concurrently-beside-others", index="orders_day"
    )


DJANGO = """
from django.db import migrations, models
from django.contrib.postgres.operations import AddIndexConcurrently
class Migration(migrations.Migration):
    initial = True
    atomic = False
    operations = [
        migrations.CreateModel("Order", [("id", models.BigAutoField(primary_key=True)), ("day", models.DateField())]),
        migrations.AddField("Order", "note", models.TextField(null=True)),
        migrations.AddConstraint("Order", models.CheckConstraint(name="noted", condition=models.Q(note__gt=""))),
        AddIndexConcurrently("Order", models.Index(fields=["day"], name="orders_day")),
    ]
"""


def test_django(any_database, tmp_path):
    (tmp_path / "shop/migrations").mkdir(parents=True)
    for name in ("shop/__init__.py", "shop/migrations/__init__.py", "shop/models.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "shop/migrations/0001_initial.py").write_text(DJANGO)
    server = any_database.server
    settings = f"""
        SECRET_KEY = "x"
        INSTALLED_APPS = ["shop"]
        DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "HOST": {server.host!r},
                      "PORT": {str(server.port)!r}, "USER": {server.superuser!r}, "NAME": {any_database.name!r}}}}}
    """
    (tmp_path / "settings.py").write_text(textwrap.dedent(settings))
    command = [sys.executable, "-m", "django", "sqlmigrate", "shop", "0001"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (tmp_path / "offline.sql").write_text(ran.stdout)
    assert_linted_and_applied(any_database, tmp_path / "offline.sql", rule=None, index="orders_day")


def assert_linted_and_applied(database, file, *, rule, index):
    sources = read_sources(file)
    report = lint_scripts([each.script for each in sources])
    found = [each.rule for each in report]
    assert "unparsed" not in found
    assert rule is None or rule in found
    with database.connect(autocommit=True) as conn:
        proposal = propose(conn, sources)
        proposal.apply(conn, approval=proposal.approve(by="ann"))
        assert conn.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [index]
        ).fetchone() == (True,)
