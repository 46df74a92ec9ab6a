"""Where names in a function's body are looked for: by its own settings, as its owner, or as its caller does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pgops.query_plan.safety import judge
from pgops.query_plan.search_path import names_in_setting

if TYPE_CHECKING:
    from pgops.scratch import ScratchDatabase


def test_a_function_looks_for_names_where_its_settings_and_its_role_say(any_database: ScratchDatabase) -> None:
    setup = """
    CREATE ROLE "Path owner"; CREATE ROLE path_user;
    GRANT "Path owner", path_user TO current_user;
    CREATE SCHEMA "Path owner" AUTHORIZATION "Path owner"; CREATE SCHEMA path_user AUTHORIZATION path_user;
    CREATE SCHEMA closed;
    CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION public.helper() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION "Path owner".helper() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION path_user.mine() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION closed.helper() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION public_first() RETURNS text STABLE LANGUAGE sql SET search_path = public, pg_catalog
        AS $$ SELECT lower('X'::text) $$;
    CREATE FUNCTION catalog_first() RETURNS text STABLE LANGUAGE sql SET search_path = public
        AS $$ SELECT lower('X'::text) $$;
    CREATE FUNCTION of_user() RETURNS int STABLE LANGUAGE plpgsql SET search_path = "$user"
        AS 'BEGIN RETURN mine(); END';
    CREATE FUNCTION as_caller() RETURNS int STABLE LANGUAGE sql AS 'SELECT helper()';
    CREATE FUNCTION as_owner() RETURNS int STABLE SECURITY DEFINER LANGUAGE sql AS 'SELECT helper()';
    CREATE FUNCTION below_owner() RETURNS int STABLE SECURITY DEFINER LANGUAGE plpgsql
        AS 'BEGIN RETURN as_caller(); END';
    CREATE FUNCTION of_owner() RETURNS int STABLE SECURITY DEFINER LANGUAGE sql SET search_path = closed, "$user"
        AS 'SELECT helper()';
    CREATE FUNCTION in_role() RETURNS int STABLE LANGUAGE sql SET role = "Path owner" AS 'SELECT helper()';
    ALTER FUNCTION as_owner() OWNER TO "Path owner"; ALTER FUNCTION below_owner() OWNER TO "Path owner";
    ALTER FUNCTION of_owner() OWNER TO "Path owner";
    """
    volatile = {
        "public_first": ("public.lower(text)",),
        "catalog_first": (),
        "of_user": ("path_user.mine()",),
        "as_caller": (),
        "as_owner": ('"Path owner".helper()',),
        "below_owner": ('"Path owner".helper()',),
        "of_owner": ('"Path owner".helper()',),
        "in_role": ('"Path owner".helper()',),
    }
    with any_database.connect(autocommit=True) as conn, conn.transaction(force_rollback=True):
        conn.execute("SET check_function_bodies = off")
        conn.execute(setup.encode())
        conn.execute("SET ROLE path_user")
        for function, expected in volatile.items():
            verdict = judge(conn, f"SELECT {function}()")
            assert (verdict.volatile, verdict.unresolved) == (expected, ()), function


def test_a_setting_is_read_as_postgresql_reads_it(any_database: ScratchDatabase) -> None:
    with any_database.connect() as conn, conn.transaction(force_rollback=True):
        conn.execute('CREATE SCHEMA low; CREATE SCHEMA "Up, ""x"" "; CREATE SCHEMA "Ünder"')
        for setting in ("LOW", ' low\t,"Up, ""x"" "', "Ünder,low", "", '""', '"low","LOW",pg_catalog'):
            conn.execute("SELECT set_config('search_path', %s, true)", [setting])
            (found,) = conn.execute("SELECT current_schemas(false)").fetchone() or ([],)
            known = [each for each in names_in_setting(setting) if each in {"low", 'Up, "x" ', "Ünder", "pg_catalog"}]
            assert known == found, setting
    with pytest.raises(ValueError, match="a b"):
        names_in_setting("a b")
