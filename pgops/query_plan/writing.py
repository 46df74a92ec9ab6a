"""What a statement that changes data sets off: triggers, rules, foreign keys' actions, defaults, and sequences.

Which triggers fire in the end depends on rows and columns; named is what may. Deferred ones count too, though a
rollback comes before them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, LiteralString

import attrs

from pgops.findings import quote_identifier
from pgops.query_plan.node_trees import named_in
from pgops.query_plan.resolution import Resolution
from pgops.query_plan.resolution_sql import RELATIONS

if TYPE_CHECKING:
    from pgops.query_plan.names_used import Names

_TRIGGER_BITS = {"insert": 4, "delete": 8, "update": 16}
"""Of pg_trigger.tgtype (src/include/catalog/pg_trigger.h)."""
_RULE_EVENTS = {"update": "2", "insert": "3", "delete": "4"}
_COMMANDS = {"2": "update", "3": "insert", "4": "delete"}
_SAID = {"insert": "insert into", "update": "update of", "delete": "delete from"}

# A partition's copy of a trigger is named once, with the table that has it.
TRIGGERS = """
    SELECT t.tgname, pg_catalog.quote_ident(fn.nspname) || '.' || pg_catalog.quote_ident(f.proname) || '()',
           t.tgqual::text
      FROM pg_catalog.pg_trigger AS t
      JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
      JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.pronamespace
     WHERE t.tgrelid = %(oid)s::oid AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D'
       AND t.tgtype::int & %(bit)s <> 0
     ORDER BY t.tgname
"""

RULES = """
    SELECT r.rulename, r.is_instead, r.ev_action::text, r.ev_qual::text
      FROM pg_catalog.pg_rewrite AS r
     WHERE r.ev_class = %(oid)s::oid AND r.ev_type = %(event)s::"char" AND r.ev_enabled <> 'D'
     ORDER BY r.rulename
"""

REFERENCING = """
    SELECT k.conrelid::bigint, k.conname,
           CASE WHEN %(command)s::text = 'delete' THEN k.confdeltype ELSE k.confupdtype END::text
      FROM pg_catalog.pg_constraint AS k
      LEFT JOIN pg_catalog.pg_constraint AS parent ON parent.oid = k.conparentid
     WHERE k.contype = 'f' AND k.confrelid = %(oid)s::oid
       AND parent.confrelid IS DISTINCT FROM k.confrelid  -- a partition's copy
     ORDER BY k.conname
"""

# Beside what is followed of each relation that is read.
EXPRESSIONS = """
    SELECT d.adbin::text, 'in a default or generated column'
      FROM pg_catalog.pg_attribute AS a
      JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = %(oid)s::oid AND NOT a.attisdropped
    UNION ALL
    SELECT tree::text, 'in policy ' || pg_catalog.quote_ident(pol.polname)
      FROM pg_catalog.pg_policy AS pol, LATERAL (VALUES (pol.polqual), (pol.polwithcheck)) AS trees (tree)
     WHERE pol.polrelid = %(oid)s::oid AND tree IS NOT NULL
"""

# A serial column's default depends on its sequence, and an identity column's sequence on the column.
SEQUENCES = """
    SELECT DISTINCT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.relname)
      FROM (SELECT d.refobjid AS oid
              FROM pg_catalog.pg_attrdef AS a
              JOIN pg_catalog.pg_depend AS d
                ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = a.oid
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
             WHERE a.adrelid = %(oid)s::oid
             UNION ALL
            SELECT d.objid
              FROM pg_catalog.pg_depend AS d
             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
               AND d.refobjid = %(oid)s::oid AND d.refobjsubid > 0 AND d.deptype = 'i') AS used
      JOIN pg_catalog.pg_class AS s ON s.oid = used.oid AND s.relkind = 'S'
      JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
     ORDER BY 1
"""


@attrs.define
class Writing:
    """What comes of the targets; functions that it may call are added to `resolution`."""

    resolution: Resolution
    triggers: dict[str, None] = attrs.field(factory=dict)
    writes: dict[str, None] = attrs.field(factory=dict)
    sequences: dict[str, None] = attrs.field(factory=dict)
    _seen: set[tuple[int, str]] = attrs.field(factory=set)
    _waiting: list[tuple[int, str, str | None]] = attrs.field(factory=list)
    """Relation, command, and how it comes to it; None where that needs no line of its own: a partition."""

    def add(self, names: Names) -> None:
        """All that the targets of a statement set off."""
        for call in names.calls:
            if call.text is not None and call.name.name in {"nextval", "setval"}:
                self.sequences[call.text] = None
        for name, command in names.targets:
            oid = self.resolution.relation(name)
            if oid is not None:
                self._push(oid, command, "")
        while self._waiting:
            self._take(*self._waiting.pop(0))

    def _push(self, oid: int, command: str, way: str | None) -> None:
        if (oid, command) not in self._seen:
            self._seen.add((oid, command))
            self._waiting.append((oid, command, way))

    def _take(self, oid: int, command: str, way: str | None) -> None:
        row = self._ask(RELATIONS, oids=[oid])
        if not row:
            return
        _, name, kind, _, view, children, _, constraints = row[0]
        if way is not None:
            self.writes[f"{_SAID[command]} {name}{f' ({way})' if way else ''}"] = None
        self.resolution.add("relation", [oid], "")
        is_handled = self._triggers(oid, command, name) and kind == "v"
        is_handled = self._rules(oid, command, name) or is_handled
        if view is not None:
            if not is_handled:
                self._base(oid, view, command, name)
            return
        for tree, where in self._ask(EXPRESSIONS, oid=oid) + constraints:
            if command != "delete" or where.startswith("in policy"):
                self.resolution.add_tree(tree, f"{where} of {name}")
        if command == "insert":
            self.sequences |= dict.fromkeys(each for (each,) in self._ask(SEQUENCES, oid=oid))
        else:
            self._foreign_keys(oid, command, name)
        for child in children:
            self._push(child, command, None)
            if kind == "p" and command == "update":  # a row may move to another partition
                self._push(child, "delete", None)
                self._push(child, "insert", None)

    def _triggers(self, oid: int, command: str, name: str) -> bool:
        rows = self._ask(TRIGGERS, oid=oid, bit=_TRIGGER_BITS[command])
        for trigger, function, condition in rows:
            self.triggers[f"{quote_identifier(trigger)} on {name} (function {function})"] = None
            self.resolution.add_tree(condition, f"in the condition of trigger {quote_identifier(trigger)}")
        return bool(rows)

    def _rules(self, oid: int, command: str, name: str) -> bool:
        """True where a rule stands in for the command."""
        rows = self._ask(RULES, oid=oid, event=_RULE_EVENTS[command])
        for rule, _, action, condition in rows:
            self.triggers[f"rule {quote_identifier(rule)} on {name}"] = None
            self.resolution.add_tree(action, f"in rule {quote_identifier(rule)}")
            self.resolution.add_tree(condition, f"in rule {quote_identifier(rule)}")
            done = {_COMMANDS[each] for each in re.findall(r":commandType (\d)", action) if each in _COMMANDS}
            for each in sorted(named_in(action).relations - {oid}):
                for other in sorted(done):
                    self._push(each, other, f"by rule {quote_identifier(rule)} on {name}")
        return any(is_instead for _, is_instead, _, _ in rows)

    def _base(self, oid: int, view: str, command: str, name: str) -> None:
        """The one relation that an updatable view reads: the first that its tree names, but for itself."""
        named = [int(each) for each in re.findall(r":relid (\d+)", view)]
        base = next((each for each in named if each not in {0, oid}), None)
        if base is not None:
            self._push(base, command, f"through view {name}")

    def _foreign_keys(self, oid: int, command: str, name: str) -> None:
        for referencing, constraint, action in self._ask(REFERENCING, oid=oid, command=command):
            if action in {"c", "n", "d"}:
                does = "delete" if action == "c" and command == "delete" else "update"
                self._push(referencing, does, f"by foreign key {quote_identifier(constraint)} to {name}")

    def _ask(self, query: LiteralString, **parameters: Any) -> list[Any]:
        return self.resolution.cursor.execute(query, parameters).fetchall()
