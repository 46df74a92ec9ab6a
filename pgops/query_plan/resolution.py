"""What names mean in one database, followed to the end: functions behind operators, casts, types, views and policies.

The catalogue is asked, and nothing is run. Which overload a call means is not decided: every one counts that the name
and the number of arguments allow, so that the answer errs on the side of asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import attrs
from psycopg import Cursor

from pgops.query_plan import resolution_sql as ask
from pgops.query_plan.function_bodies import ESCAPED_NAME, LOOKED_THROUGH, Function, called_in, operators_in, words_in
from pgops.query_plan.names_used import Call, Names
from pgops.query_plan.node_trees import FIRST_USER_OID, named_in
from pgops.query_plan.search_path import SearchPath
from pgops.query_plan.volatile_catalogue import NOT_CALM, RUN_WHAT_THEY_ARE_TOLD
from pgops.sql.parts import Name

MOST_ROUNDS = 200
"""So deep may views and functions call each other, before it counts as not resolved."""


@attrs.define
class Resolution:
    """Everything that a statement may run, as far as it is known: `volatile` and `unresolved`, each with its way there.

    Names and trees are added, and `follow` goes on until nothing new comes up.
    """

    cursor: Cursor[Any]
    path: SearchPath
    """Where names are looked for just now: the session's, or that of the function whose body is read. What a function
    calls inherits its path, so the same function may be another thing on another path.
    """
    volatile: dict[str, tuple[Function, str]] = attrs.field(factory=dict)
    """By qualified signatures, and where they stand: "", or "in view public.v"."""
    unresolved: dict[str, None] = attrs.field(factory=dict)
    refused: dict[str, None] = attrs.field(factory=dict)
    conforms: bool = True
    """Whether a backslash in a string is just that: the session's standard_conforming_strings."""
    read_sql: Callable[[str], Names | str] | None = None
    """How the body of an SQL function is read: names, or why it can't be."""
    _waiting: dict[tuple[SearchPath, str], dict[int, str]] = attrs.field(factory=dict)
    _seen: set[tuple[SearchPath, str, int]] = attrs.field(factory=set)
    _ambience_asked: set[bool] = attrs.field(factory=set)
    _paths: dict[tuple[SearchPath, str | None, str | None], SearchPath | None] = attrs.field(factory=dict)

    @property
    def calls(self) -> list[str]:
        """What is against each of `volatile`, in words, with the cure once: behind the first that is the user's own."""
        said = {each: f"{each} {function.effect}{_behind(via)}" for each, (function, via) in self.volatile.items()}
        first = min((each for each, (function, _) in self.volatile.items() if function.is_users), default=None)
        if first is not None:
            said[first] += ": declare such a function STABLE if it only reads"
        return [said[each] for each in sorted(said)]

    # --- what is added ------------------------------------------------------------------------------------------------

    def add(self, kind: str, oids: Iterable[int], via: str) -> None:
        """Objects by their OIDs."""
        for oid in oids:
            if oid and (self.path, kind, oid) not in self._seen:
                self._seen.add((self.path, kind, oid))
                self._waiting.setdefault((self.path, kind), {})[oid] = via

    def add_tree(self, tree: str | None, via: str) -> None:
        """What a node tree of the catalogue names."""
        if not tree:
            return
        named = named_in(tree)
        self.add("function", named.functions, via)
        self.add("operator", named.operators, via)
        self.add("type", named.types, via)
        self.add("relation", named.relations, via)
        if named.locks_rows:
            self.refused[f"it locks rows ({via})"] = None

    def add_constraint(self, tree: str, via: str) -> None:
        """A CHECK of a table that is read: it is not run, but the planner works out what is declared immutable."""
        named = named_in(tree)
        self.add("planned function", named.functions, via)
        self.add("planned operator", named.operators, via)
        self.add("type", named.types, via)

    def add_names(self, names: Names, via: str) -> None:
        """Names as a text has them."""
        self._ambience(False)
        self._calls(names, via)
        self._operators_named(names, via)
        self._types_named(names, via)
        for name in names.relations:
            oid = self.relation(name)
            if oid is None:
                self.unresolved[f"there is no relation {name}{_behind(via)}"] = None
            else:
                self.add("relation", [oid], via)

    def relation(self, name: Name) -> int | None:
        """The OID of a table, view or the like, or None."""
        schemas = self.path.for_relations(name)
        row = self.cursor.execute(ask.RELATION_NAMED, {"name": name.name, "schemas": schemas}).fetchone()
        return None if row is None else int(row[0])

    def _calls(self, names: Names, via: str) -> None:
        for call in names.calls:
            candidates = self._overloads(call)
            self.add("function", candidates, via)
            is_type = call.arguments in {1, None} and self._type_named(call.name, via)
            if not candidates and not is_type and call.must_be:
                self.unresolved[f"there is no function {call.name} that takes {_count(call)}{_behind(via)}"] = None
        if names.attributes:
            rows = self.cursor.execute(
                ask.ATTRIBUTE_FUNCTIONS, {"names": list(names.attributes), "schemas": self.path.for_functions()}
            ).fetchall()
            self.add("function", (row[0] for row in rows), via)
            for each in names.attributes:
                self._type_named(Name(each), via)

    def _overloads(self, call: Call) -> list[int]:
        schemas = self.path.for_functions(call.name)
        rows = self.cursor.execute(
            ask.OVERLOADS, {"name": call.name.name, "schemas": schemas, "arguments": call.arguments}
        ).fetchall()
        first: dict[Any, int] = {}
        for oid, arguments, variadic in rows:
            # One that takes the same arguments hides those of later schemas, unless they are given by name.
            first.setdefault(oid if call.named else (arguments, variadic), oid)
        return list(first.values())

    def _operators_named(self, names: Names, via: str) -> None:
        for name in names.operators:
            schemas = self.path.for_functions(name)
            rows = self.cursor.execute(ask.OPERATORS_NAMED, {"name": name.name, "schemas": schemas}).fetchall()
            first: dict[Any, int] = {}
            for oid, left, right in rows:
                first.setdefault((left, right), oid)
            if not rows:
                self.unresolved[f"there is no operator {name.name}{_behind(via)}"] = None
            self.add("operator", first.values(), via)

    def _types_named(self, names: Names, via: str) -> None:
        for name in names.types:
            if not self._type_named(name, via, is_cast=name in names.casts):
                self.unresolved[f"there is no type {name}{_behind(via)}"] = None

    def _type_named(self, name: Name, via: str, *, is_cast: bool = False) -> bool:
        """Add a type, and for a cast what may carry it out; False where there is none."""
        schemas = self.path.for_relations(name)
        row = self.cursor.execute(ask.TYPE_NAMED, {"name": name.name, "schemas": schemas}).fetchone()
        if row is None:
            return False
        self.add("type", [row[0]], via)
        casts = row[1] if is_cast else []
        for function, source, target in self.cursor.execute(ask.CASTS_TO, {"types": casts}).fetchall():
            self.add("function", [function], _way(via, f"by the cast from {source} to {target}"))
        return True

    def _ambience(self, has_procedural: bool) -> None:
        """What may run though nothing in a text names it: implicit casts, operator classes, input and output."""
        if has_procedural in self._ambience_asked:
            return
        self._ambience_asked.add(has_procedural)
        contexts = ["i", "a"] if has_procedural else ["i"]
        for function, what in self.cursor.execute(ask.AMBIENCE, {"contexts": contexts}).fetchall():
            self.add("function", [function], what)

    # --- what is followed ---------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Until nothing new comes up."""
        questions: dict[str, tuple[LiteralString, Callable[[Any, str], None]]] = {
            "operator": (ask.OPERATORS, self._operator),
            "function": (ask.FUNCTIONS, self._function),
            "planned operator": (ask.OPERATORS, self._planned_operator),
            "planned function": (ask.FUNCTIONS, self._planned_function),
            "type": (ask.TYPES, self._type),
            "relation": (ask.RELATIONS, self._relation),
        }
        for _ in range(MOST_ROUNDS):
            if not self._waiting:
                return
            waiting, self._waiting = self._waiting, {}
            for (path, kind), ways in waiting.items():
                query, take = questions[kind]
                with self._on(path):
                    for row in self.cursor.execute(query, {"oids": list(ways)}).fetchall():
                        take(row, ways[row[0]])
        self.unresolved["views and functions call each other too deep to be followed"] = None

    @contextmanager
    def _on(self, path: SearchPath) -> Iterator[None]:
        before, self.path = self.path, path
        try:
            yield
        finally:
            self.path = before

    def _operator(self, row: Any, via: str) -> None:
        oid, function, name = row
        is_own = oid >= FIRST_USER_OID
        self.add("function", [function], _way(via, f"by operator {name}") if is_own else via)

    def _planned_operator(self, row: Any, via: str) -> None:
        self.add("planned function", [row[1]], via)

    def _planned_function(self, row: Any, via: str) -> None:
        function = Function(*row)
        if function.volatility != "v":
            self.add("function", [function.oid], via)
        elif function.language == "sql":  # the planner may put its body in its place
            self._body(function, _way(via, f"in function {function.signature}"))

    def _type(self, row: Any, via: str) -> None:
        _, name, types, trees, is_domain = row
        self.add("type", types, via)
        for tree in trees:
            self.add_tree(tree, _way(via, f"in a CHECK of {'domain' if is_domain else 'type'} {name}"))

    def _relation(self, row: Any, via: str) -> None:
        _, name, kind, row_type, rule, children, expressions, constraints = row
        if kind == "f":
            self.unresolved[f"{name} is a foreign table: what another server does can't be seen{_behind(via)}"] = None
        if row_type >= FIRST_USER_OID:
            self.add("type", [row_type], via)
        self.add("relation", children, _way(via, f"under {name}"))
        self.add_tree(rule, _way(via, f"in view {name}"))
        for tree, place in expressions:
            self.add_tree(tree, _way(via, f"{place} of {name}"))
        for tree, place in constraints:
            self.add_constraint(tree, _way(via, f"{place} of {name}"))

    def _function(self, row: Any, via: str) -> None:
        function = Function(*row)
        self.add("type", function.types, via)
        self.add_tree(function.defaults, _way(via, f"as a default argument of {function.signature}"))
        if function.effect is not None:
            self.volatile.setdefault(function.signature, (function, via))
            return
        if function.runs_what_it_is_told:
            self.unresolved[f"{function.signature} runs what it is handed over{_behind(via)}"] = None
        if function.oid < FIRST_USER_OID:
            return
        if function.unseen is not None:
            self.unresolved[f"{function.unseen}{_behind(via)}"] = None
        self.add("function", function.parts, _way(via, f"behind {function.signature}"))
        if function.language in LOOKED_THROUGH:
            self._body(function, _way(via, f"in function {function.signature}"))

    def _body(self, function: Function, via: str) -> None:
        self._ambience(True)
        path = self._path_of(function)
        if path is None or function.setting("session_authorization") or function.setting("role") == "none":
            self.unresolved[f"where {function.signature} looks for names is not known"] = None
            return
        with self._on(path):
            if function.tree is not None:
                self.add_tree(function.tree, via)
            elif "\\" in function.source and not (self.conforms and function.conforms):
                self.unresolved[f"{function.signature} has a backslash, which may mean another text"] = None
            elif function.language == "plpgsql":
                self._words(function, via)
            else:
                self._sql(function, via)

    def _sql(self, function: Function, via: str) -> None:
        read = self.read_sql(function.source) if self.read_sql is not None else "nobody reads it"
        if isinstance(read, str):
            self.unresolved[f"the body of {function.signature} can't be read: {read}"] = None
            return
        self.refused |= {f"{each} ({via})": None for each in read.refused}
        self.add_names(read, via)

    def _path_of(self, function: Function) -> SearchPath | None:
        """That of whoever calls it, unless it has settings of its own or runs as its owner; None: not to be read."""
        key = self.path, function.setting("search_path"), function.setting("role") or function.owner
        if key not in self._paths:
            try:
                self._paths[key] = self.path.within(function, self.cursor)
            except ValueError:
                self._paths[key] = None
        return self._paths[key]

    def _words(self, function: Function, via: str) -> None:
        """Of a body in PL/pgSQL every word and operator counts that may name something, wherever it stands."""
        words = words_in(function.source)
        if "execute" in words:
            self.unresolved[f"{function.signature} makes SQL while it runs (EXECUTE)"] = None
        if ESCAPED_NAME.search(function.source):
            self.unresolved[f"{function.signature} has names with escapes in them"] = None
        functions = self.path.for_functions()
        parameters = {
            "words": sorted(words),
            "called": sorted(called_in(function.source)),
            "told": [*RUN_WHAT_THEY_ARE_TOLD, *NOT_CALM],
            "schemas": list(self.path.schemas),
            "own_first": functions[:1] == ["pg_catalog"],
            "source": operators_in(function.source, words),
        }
        for kind, oid in self.cursor.execute(ask.WORDS, parameters).fetchall():
            self.add(kind, [oid], via)


def _way(via: str, step: str) -> str:
    return f"{step}, {via}" if via else step


def _behind(via: str) -> str:
    return f" ({via})" if via else ""


def _count(call: Call) -> str:
    if call.arguments is None:
        return "them"
    return "no argument" if call.arguments == 0 else f"{call.arguments} argument{'s' if call.arguments > 1 else ''}"
