"""What a restore has to know of the server it goes to, beside what is in the database: who works there, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from psycopg.rows import tuple_row

from pgops.findings import as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from pgops.programs import ChildConnection

_FACTS = """
SELECT CASE WHEN current_user <> session_user THEN current_user END,
       (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user),
       EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'public'),
       EXISTS (SELECT FROM pg_catalog.pg_proc AS p
                WHERE p.proname = 'pg_restore_relation_stats'
                  AND p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace),
       pg_catalog.current_setting('max_locks_per_transaction')::bigint
         * (pg_catalog.current_setting('max_connections')::bigint
            + pg_catalog.current_setting('max_prepared_transactions')::bigint)
"""
_DEFAULTS = """
SELECT s.name, s.reset_val
  FROM pg_catalog.pg_settings AS s
 WHERE s.name IN ('default_transaction_read_only', 'lc_messages', 'transaction_timeout')
"""
_ENGLISH = {"", "C", "POSIX", "en_US.UTF-8"}


@attrs.frozen(kw_only=True)
class RestoreTarget:
    """Who will restore, and what the server can do."""

    role: str | None
    """Whom the sessions have to become: the caller's role, where it is not the one that logs in."""
    superuser: bool
    has_public: bool
    takes_statistics: bool
    """Whether it has the functions of PostgreSQL 18 that a dump's statistics call."""
    locks: int
    """How many its lock table is made for."""
    options: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The startup options that a session needs beyond what a dump sets for itself."""

    @classmethod
    def of(cls, session: psycopg.Connection[Any]) -> RestoreTarget:
        """That of a session which became the caller's role."""
        with session.cursor(row_factory=tuple_row) as cursor:
            role, superuser, has_public, takes_statistics, locks = cursor.execute(_FACTS).fetchone() or (None,) * 5
            defaults: dict[str, str] = dict(cursor.execute(_DEFAULTS).fetchall())
        return cls(
            role=role,
            superuser=bool(superuser),
            has_public=bool(has_public),
            takes_statistics=bool(takes_statistics),
            locks=locks or 0,
            options=_options(defaults, may_set_messages=bool(superuser) and role is None),
        )

    def fitted(self, child: ChildConnection) -> ChildConnection:
        """With the startup options."""
        if not self.options:
            return child
        return attrs.evolve(child, target=child.target.with_(options=" ".join(self.options)))


def _options(defaults: dict[str, str], *, may_set_messages: bool) -> Iterator[str]:
    if defaults.get("default_transaction_read_only") == "on":
        yield "-c default_transaction_read_only=off"
    if defaults.get("transaction_timeout", "0") != "0":  # pg_dump and pg_restore before 17 do not know it
        yield "-c transaction_timeout=0"
    if may_set_messages and defaults.get("lc_messages", "") not in _ENGLISH:
        yield "-c lc_messages=C"  # pg_restore hands on words and no SQLSTATE
