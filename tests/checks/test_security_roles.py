"""security.*: roles that may too much, passwords that are worth little, and what a monitoring role is not told."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import pgops
from pgops.checks.report import Outcome
from pgops.checks.security.dangerous_membership import CHECK as MEMBERSHIP
from pgops.checks.security.expiring_role import CHECK as EXPIRING
from pgops.checks.security.powerful_role import CHECK as POWERFUL
from pgops.checks.security.public_schema_create import CHECK as CREATE
from pgops.checks.security.public_user_mapping import CHECK as USER_MAPPING
from pgops.checks.security.rls_not_forced import CHECK as NOT_FORCED
from pgops.checks.security.role_password import CHECK as PASSWORD
from pgops.checks.security.roles import CHECK as ROLES
from pgops.checks.security.subscription_password import CHECK as SUBSCRIPTION
from pgops.checks.security.superuser import CHECK as SUPERUSER
from pgops.checks.security.view_bypasses_rls import CHECK as VIEW
from pgops.findings import Severity
from pgops.testing import run_script
from tests.checks.sessions import ask, role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.report import CheckResult
    from pgops.findings import Finding
    from pgops.scratch import ScratchDatabase, ScratchServer

LIVE = (
    "security.dangerous_membership",
    "security.expiring_role",
    "security.powerful_role",
    "security.rls_not_forced",
    "security.role_password",
    "security.subscription_password",
    "security.superuser",
)
"""Whose faults no script can plant: the tests below make the real trouble."""

HOSTILE = 'se "cu" 100% {r} \\ <b> ü'


@contextmanager
def roles(server: ScratchServer, **options: str) -> Iterator[None]:
    """Roles for the block, by the end of their names."""
    with ExitStack() as dropping:
        for name, words in options.items():
            dropping.enter_context(role(server, f"sec_{name}", words))
        yield


def about(result: CheckResult, prefix: str = "sec_") -> dict[str, Finding]:
    return {
        finding.target.name.removeprefix(prefix): finding
        for finding in result.findings
        if finding.target.name.startswith(prefix)
    }


def test_superusers_besides_the_first(database: ScratchDatabase, server: ScratchServer) -> None:
    with (
        role(server, HOSTILE, "SUPERUSER LOGIN"),
        roles(server, group="SUPERUSER", plain="LOGIN CREATEDB"),
        database.connect() as conn,
        database.connect(user=HOSTILE),
    ):
        result = ask(conn, SUPERUSER)
        found = about(result, "")
        assert found.keys() == {HOSTILE, "sec_group"}  # neither postgres, the first, nor a plain role
        assert found[HOSTILE].severity is Severity.WARNING
        assert "has 1 session now" in found[HOSTILE].message
        assert found["sec_group"].severity is Severity.INFO
        for finding in result.findings:
            run_script(conn, finding.fix or "")
        assert ask(conn, SUPERUSER).outcome is Outcome.CLEAN


def test_passwords(database: ScratchDatabase, server: ScratchServer) -> None:
    def hashed(word: str, name: str) -> str:
        import hashlib

        return "md5" + hashlib.md5(f"{word}{name}".encode(), usedforsecurity=False).hexdigest()

    with roles(
        server,
        none="LOGIN",
        md5=f"LOGIN PASSWORD '{hashed('correct horse', 'sec_md5')}'",
        guessed=f"LOGIN PASSWORD '{hashed('sec_guessed', 'sec_guessed')}'",
        scram="LOGIN PASSWORD 'correct horse'",
        group=f"PASSWORD '{hashed('correct horse', 'sec_group')}'",
    ):
        with database.connect() as conn:
            result = ask(conn, PASSWORD)
        assert {name: finding.severity for name, finding in about(result).items()} == {
            "none": Severity.INFO,
            "md5": Severity.WARNING,
            "guessed": Severity.CRITICAL,
        }
        assert {row.role: row.stored_as for row in result.rows}["sec_scram"] == "scram-sha-256"
        assert "SCRAM-SHA-256$" not in str(result)
        assert "md5" + "0" * 3 not in str(result)


def test_passwords_are_skipped_for_who_may_not_read_them(database: ScratchDatabase, server: ScratchServer) -> None:
    with roles(server, monitor="LOGIN IN ROLE pg_monitor"), database.connect(user="sec_monitor") as conn:
        for check, table in ((PASSWORD, "pg_authid"), (SUBSCRIPTION, "pg_subscription")):
            result = ask(conn, check)
            assert result.outcome is Outcome.SKIPPED
            assert table in result.cure
            assert result.cure.endswith(" TO sec_monitor;")


def test_roles_that_expire(database: ScratchDatabase, server: ScratchServer) -> None:
    with (
        database.connect() as conn,
        roles(
            server,
            soon="LOGIN VALID UNTIL 'tomorrow'",
            expired="LOGIN VALID UNTIL '2020-01-01'",
            long="LOGIN VALID UNTIL '2099-01-01'",
            forever="LOGIN VALID UNTIL 'infinity'",
            ever="LOGIN",
            group="VALID UNTIL 'tomorrow'",
        ),
    ):
        found = about(ask(conn, EXPIRING))
        assert {name: finding.severity for name, finding in found.items()} == {
            "soon": Severity.WARNING,
            "expired": Severity.INFO,
        }
        assert about(ask(conn, EXPIRING, warn_days=36500.0)).keys() == {"soon", "expired", "long"}


def test_dangerous_memberships(database: ScratchDatabase, server: ScratchServer) -> None:
    with (
        database.connect() as conn,
        roles(
            server,
            files="LOGIN IN ROLE pg_read_server_files",
            programs="IN ROLE pg_execute_server_program",
            through="LOGIN IN ROLE sec_programs",
            data="LOGIN IN ROLE pg_read_all_data",
            monitor="LOGIN IN ROLE pg_monitor",
            super="SUPERUSER LOGIN IN ROLE pg_write_server_files",
            becomes="LOGIN IN ROLE sec_super",
        ),
    ):
        result = ask(conn, MEMBERSHIP)
        found = about(result)
        assert {name: finding.severity for name, finding in found.items()} == {
            "files": Severity.WARNING,
            "programs": Severity.WARNING,
            "data": Severity.INFO,
            "becomes": Severity.WARNING,
        }
        assert "SET ROLE" in found["becomes"].message
        assert "So may sec_through" in found["programs"].message
        for finding in found.values():
            run_script(conn, finding.fix or "")
        assert about(ask(conn, MEMBERSHIP)) == {}


def test_attributes_that_pass_by_rights(database: ScratchDatabase, server: ScratchServer) -> None:
    with (
        database.connect() as conn,
        roles(
            server,
            bypass="LOGIN BYPASSRLS",
            standby="LOGIN REPLICATION",
            maker="LOGIN CREATEROLE",
            plain="LOGIN CREATEDB",
            super="SUPERUSER REPLICATION",
        ),
    ):
        found = about(ask(conn, POWERFUL))
        expected = {"bypass": Severity.INFO, "standby": Severity.INFO}
        if server.major < 16:
            expected["maker"] = Severity.WARNING
        assert {name: finding.severity for name, finding in found.items()} == expected
        for finding in found.values():
            run_script(conn, finding.fix or "")
        assert about(ask(conn, POWERFUL)) == {}


def test_owners_that_row_security_does_not_bind(database: ScratchDatabase, server: ScratchServer) -> None:
    with (
        roles(server, owner="LOGIN", group="NOLOGIN", bypass="LOGIN BYPASSRLS", member="LOGIN IN ROLE sec_group"),
        database.connect() as conn,
    ):
        for name in ("owner", "group", "bypass"):
            conn.execute(
                f"CREATE TABLE of_{name} (a int); ALTER TABLE of_{name} ENABLE ROW LEVEL SECURITY;"
                f" ALTER TABLE of_{name} OWNER TO sec_{name}".encode()
            )
        conn.execute("CREATE TABLE of_super (a int); ALTER TABLE of_super ENABLE ROW LEVEL SECURITY")
        conn.execute("CREATE TABLE plain (a int); ALTER TABLE plain OWNER TO sec_owner")
        try:
            result = ask(conn, NOT_FORCED)
            assert {finding.target.name for finding in result.findings} == {"of_owner", "of_group"}
            assert {finding.severity for finding in result.findings} == {Severity.INFO}
            for finding in result.findings:
                run_script(conn, finding.fix or "")
            assert ask(conn, NOT_FORCED).outcome is Outcome.CLEAN

            # a view of an owner whom FORCE binds shows no more than its owner may see
            conn.execute("CREATE VIEW bound AS SELECT * FROM of_owner; ALTER VIEW bound OWNER TO sec_owner")
            conn.execute("CREATE VIEW unbound AS SELECT * FROM of_super")
            assert {finding.target.name for finding in ask(conn, VIEW).findings} == {"unbound"}
        finally:
            conn.execute("DROP OWNED BY sec_owner, sec_group, sec_bypass")


def test_everybody_may_make_schemas(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        conn.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        assert ask(conn, CREATE).outcome is Outcome.CLEAN
        conn.execute(
            psycopg.sql.SQL("GRANT CREATE ON DATABASE {} TO PUBLIC").format(psycopg.sql.Identifier(database.name))
        )
        (finding,) = ask(conn, CREATE).findings
        assert (finding.target.kind, finding.target.name) == ("database", database.name)
        run_script(conn, finding.fix or "")
        assert ask(conn, CREATE).outcome is Outcome.CLEAN


def test_every_role_is_listed_with_what_it_may_do(database: ScratchDatabase, server: ScratchServer) -> None:
    with (
        database.connect() as conn,
        role(server, HOSTILE, "LOGIN CREATEDB NOINHERIT CONNECTION LIMIT 3 VALID UNTIL '2099-01-01 00:00:00+00'"),
        roles(server, group="NOLOGIN REPLICATION"),
    ):
        conn.execute(
            psycopg.sql.SQL("GRANT sec_group TO {0} WITH ADMIN OPTION; GRANT pg_monitor TO {0}").format(
                psycopg.sql.Identifier(HOSTILE)
            )
        )
        by_name = {row.role: row for row in ask(conn, ROLES).rows}
        one = by_name[HOSTILE]
        assert (one.can_login, one.superuser, one.createdb, one.inherit, one.conn_limit) == (
            True,
            False,
            True,
            False,
            3,
        )
        assert one.member_of == ("pg_monitor", "sec_group*")
        assert one.valid_until.year == 2099
        assert by_name["sec_group"].replication
        assert by_name["postgres"].conn_limit is None
        assert "pg_monitor" not in by_name
        assert pgops.get_check("roles_overview") is ROLES or pgops.get_check("roles_overview").id == ROLES.id


@pytest.mark.parametrize(
    ("conninfo", "found"),
    [
        ("host=nowhere password=hunter2", True),
        ("host=nowhere password = 'hunter 2'", True),
        ("postgresql://me:hunter2@nowhere/db", True),
        ("postgresql://me@nowhere/db?password=hunter2", True),
        ("host=nowhere user=me passfile=/etc/pgpass", False),
        ("postgresql://me@nowhere:5432/db", False),
        ("host=nowhere application_name=password", False),
    ],
)
def test_passwords_of_subscriptions(any_database: ScratchDatabase, conninfo: str, found: bool) -> None:
    name = 'su "b" %s'
    with any_database.connect() as conn:
        conn.execute(
            psycopg.sql.SQL("CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION p WITH (connect = false)").format(
                psycopg.sql.Identifier(name), conninfo
            )
        )
        try:
            result = ask(conn, SUBSCRIPTION)
            assert [finding.target.name for finding in result.findings] == ([name] if found else [])
            assert "hunter" not in str(result)
        finally:
            quoted = psycopg.sql.Identifier(name)
            conn.execute(psycopg.sql.SQL("ALTER SUBSCRIPTION {} SET (slot_name = NONE)").format(quoted))
            conn.execute(psycopg.sql.SQL("DROP SUBSCRIPTION {}").format(quoted))


def test_passwords_of_user_mappings_are_unknown_to_others(database: ScratchDatabase, server: ScratchServer) -> None:
    with roles(server, monitor="LOGIN IN ROLE pg_monitor"), database.connect() as conn:
        conn.execute(
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;"
            " CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (password 'hunter2')"
        )
        with database.connect(user="sec_monitor") as other:
            result: Any = ask(other, USER_MAPPING)
        assert result.outcome is Outcome.SKIPPED
        assert result.cure == "GRANT postgres TO sec_monitor;"
        assert "hunter2" not in str(ask(conn, USER_MAPPING))
