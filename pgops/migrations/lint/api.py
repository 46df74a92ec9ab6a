"""What a lint rule is: documentation, SQL that it finds and SQL that it does not, and a function that looks.

    \"\"\"CHAR(n) pads with blanks.

    Why it matters, when it does not, what to read.
    \"\"\"
    BAD = "CREATE TABLE t (code char(3));"
    GOOD = "CREATE TABLE t (code text CHECK (length(code) = 3));"

    def look(step: Step) -> Iterator[Hit]: ...

    RULE = Rule(id="char-type", doc=__doc__, look=look, bad=BAD, good=GOOD, kind=Kind.STYLE)

A test carries out `setup`, then `bad` or `good`, on every server version from `since` on: what does not run is no
example.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from pgops.errors import BadRuleError
from pgops.findings import Severity, Target, as_json
from pgops.migrations.effects.effect import Touch
from pgops.migrations.effects.walk import Step
from pgops.sql.script import Statement
from pgops.sql.statements import Action, Meaning

if TYPE_CHECKING:
    from pgops.sql.statements import Name


class Kind(enum.Enum):
    """What a rule warns of."""

    BLOCKS = "blocks"
    """Others wait: a lock that is held long, or taken badly."""
    BREAKS = "breaks"
    """Programs that are running meanwhile meet something they do not know."""
    FAILS = "fails"
    """PostgreSQL will refuse it, always or on some rows."""
    LOSES = "loses"
    """Rows, or a guarantee about them, are lost."""
    STYLE = "style"
    """It works, and will be regretted."""
    UNKNOWN = "unknown"
    """What it does can't be said."""


class Once(enum.Enum):
    """Where a rule's first finding says it all."""

    SCRIPT = "script"
    TRANSACTION = "transaction"


@attrs.frozen(kw_only=True)
class Hit:
    """What a rule says about one statement."""

    message: str
    fix: str | None = None
    """SQL that does the same safely and can be run as it is; `COMMIT;` on a line of its own between transactions."""
    touch: Touch | None = None
    """The relation that it is about; None for the one that the statement touches hardest."""
    target: Target | None = None
    severity: Severity | None = None
    """Where it is not the rule's own."""
    at: Statement | None = None
    """The statement that it stands at, where it is not the step's own."""


Look: TypeAlias = Callable[[Step], Iterable[Hit]]


def _text(doc: str | None) -> str:
    return doc or ""


@attrs.frozen(kw_only=True)
class Rule:
    """One thing to look for. Raises `BadRuleError` for an id that is none, or for missing documentation."""

    id: str
    """Words in lower case with hyphens, as people write it behind `-- pgops: ignore`."""
    doc: str = attrs.field(converter=_text)
    look: Look
    kind: Kind
    bad: str
    good: str
    setup: str = ""
    """SQL that `bad` and `good` need; its tables count as in use."""
    severity: Severity = Severity.WARNING
    aliases: tuple[str, ...] = ()
    since: int = 14
    """The first version that the examples run on."""
    until: int = 18
    """The last version on which `bad` is found."""
    fails_on: tuple[int, ...] = ()
    """Versions on which `bad` is refused."""
    needs_catalogue: bool = False
    """Whether it can only tell with a connection."""
    sets_own_limits: bool = False
    """About timeouts, which pgops sets itself when it applies: not looked for in a workspace."""
    covers_small: bool = False
    """Whether it matters on a small or new table too. Others are quiet about tables that nobody would notice."""
    once: Once | None = None
    """Where its first finding says it all."""
    statements: tuple[type[Meaning] | type[Action], ...] = ()
    """The classes of statement that it looks at, or actions, for each ALTER TABLE that has one of these; none for every
    statement. What it does not look at is not shown to it, which is quicker."""

    def __attrs_post_init__(self) -> None:
        if not self.id or self.id != self.id.lower().replace(" ", "-") or not self.id.replace("-", "").isalnum():
            raise BadRuleError(f"{self.id!r} is no id of a rule.", cure="Lower case words with hyphens between them.")
        if not self.doc.strip() or len(self.doc.strip().splitlines()) < 3:
            raise BadRuleError(f"Rule {self.id} says nothing about why.", cure="Give it a docstring and doc=__doc__.")

    @property
    def title(self) -> str:
        """The first sentence of its documentation."""
        return self.doc.strip().splitlines()[0].rstrip(".")


@attrs.frozen(kw_only=True)
class LintFinding:
    """One thing that lint found, with its place and what would be blocked."""

    rule: str
    severity: Severity
    line: int
    """From 1, where the statement begins."""
    column: int
    last_line: int
    message: str
    fix: str | None = None
    statement: str = ""
    """Its words."""
    target: Target | None = None
    lock: str | None = None
    """The mode of the lock on `target`: "ACCESS EXCLUSIVE"."""
    blocks: str = ""
    """What others can't do on it meanwhile: "reads and writes", "writes", or nothing."""
    rewrite: bool = False
    scan: bool = False
    file: str | None = None
    kind: Kind = Kind.STYLE

    def to_json(self) -> dict[str, Any]:
        """Plain data, as JSON has it."""
        facts = attrs.asdict(self, recurse=False)
        facts |= {"target": str(self.target) if self.target else None, "severity": str(self.severity)}
        return {name: as_json(value) for name, value in (facts | {"kind": self.kind.value}).items()}


# --- what many rules ask ----------------------------------------------------------------------------------------------


def in_use(step: Step, touches: Iterable[Touch] | None = None) -> Iterator[Touch]:
    """The touches on tables that somebody may be using: neither made by the script itself nor known to be small."""
    for touch in step.effect.touches if touches is None else touches:
        if not step.known.is_small(touch.relation):
            yield touch


def exists_already(step: Step, relation: Name) -> bool:
    """Whether the relation was there before the script, so that somebody may be using it, however small it is."""
    return not step.known.is_new(relation)
