"""A setting that SET leaves behind stays on the connection, and a pool hands it to the next program.

SET without LOCAL holds till the session ends (manual, SET). A migration that sets search_path, role, a timeout or
session_replication_role and does not reset it changes what whoever gets the connection next sees: other tables, other
rights, triggers and foreign keys that do not fire. SET LOCAL ends with the transaction, RESET ends it where no
transaction can be had.

A false alarm where the connection is closed after the file, as psql -f does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import CreateIndex, Drop, Other, SetVariable, TransactionControl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Meaning

SETUP = "CREATE SCHEMA app; CREATE TABLE app.orders (id bigint PRIMARY KEY);"
BAD = """
SET search_path = app;
ALTER TABLE orders ADD COLUMN note text;
"""
GOOD = """
SET LOCAL search_path = app;
ALTER TABLE orders ADD COLUMN note text;
"""

# What changes whose rows are seen, what fires, what is allowed and how long is waited.
_LASTING = {
    "search_path",
    "role",
    "session_authorization",
    "session_replication_role",
    "row_security",
    "lock_timeout",
    "statement_timeout",
    "transaction_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "default_transaction_read_only",
    "default_transaction_isolation",
    "check_function_bodies",
    "synchronous_commit",
    "default_tablespace",
    "timezone",
    "work_mem",
    "maintenance_work_mem",
}
_SET = re.compile(r"\ASET\s+(SESSION\s+(?!AUTHORIZATION))?", re.IGNORECASE)


def look(step: Step) -> Iterator[Hit]:
    setting = step.statement.meaning
    if not isinstance(setting, SetVariable) or setting.is_local or setting.name not in _LASTING or _resets(setting):
        return
    later = [each.meaning for each in step.script.statements[step.statement.ordinal + 1 :]]
    if any(_puts_back(each, setting.name) for each in later):
        return
    one_transaction = step.in_transaction and not any(map(_ends_transaction, later))
    local, is_set = _SET.subn("SET LOCAL ", step.statement.text, count=1)  # not so of SELECT set_config()
    yield Hit(
        message=f"{setting.name} stays set on this connection after the script; SET LOCAL, or RESET at its end.",
        fix=f"{local};" if one_transaction and is_set else None,
    )


def _resets(setting: SetVariable) -> bool:
    return setting.value is None or (setting.name == "role" and setting.value.lower() == "none")


def _puts_back(meaning: Meaning, name: str) -> bool:
    if isinstance(meaning, SetVariable):
        return meaning.name in (name, "") and not meaning.is_local and _resets(meaning)
    return meaning == Other(what="discard")


def _ends_transaction(meaning: Meaning) -> bool:
    return isinstance(meaning, TransactionControl) or (isinstance(meaning, CreateIndex | Drop) and meaning.concurrently)


RULE = Rule(
    id="session-setting-left",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(SetVariable,),
)
