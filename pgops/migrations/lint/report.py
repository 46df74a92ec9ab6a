"""What a lint found, as plain data, and its writers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from pgops.migrations.lint.api import LintFinding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.findings import Severity
    from pgops.render.document import Document

FORMAT = "pgops.lint/1"


@attrs.frozen(kw_only=True)
class LintReport:
    """The findings in the order of the SQL, and how much was looked at. It iterates over its findings."""

    findings: tuple[LintFinding, ...]
    statements: int
    server: int
    files: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[LintFinding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __bool__(self) -> bool:
        return bool(self.findings)

    @property
    def worst(self) -> Severity | None:
        """The worst severity, or None where nothing was found."""
        return max((each.severity for each in self.findings), default=None)

    def at_least(self, severity: Severity) -> tuple[LintFinding, ...]:
        """The findings that are that bad, or worse."""
        return tuple(each for each in self.findings if each.severity >= severity)

    def to_records(self) -> list[dict[str, Any]]:
        """The findings as dictionaries of JSON types."""
        return [each.to_json() for each in self.findings]

    def to_json(self) -> str:
        """JSON; `"schema": "pgops.lint/1"` says of which shape."""
        shape = {
            "schema": FORMAT,
            "server": self.server,
            "statements": self.statements,
            "files": list(self.files),
            "findings": self.to_records(),
        }
        return json.dumps(shape, indent=2, ensure_ascii=False)

    def to_sarif(self) -> str:
        """SARIF 2.1.0, which code scanning reads."""
        from pgops.migrations.lint.sarif import sarif  # noqa: PLC0415

        return sarif(self)

    def to_github(self) -> str:
        """Annotations of GitHub Actions, one a line."""
        from pgops.migrations.lint.github import github_annotations  # noqa: PLC0415

        return github_annotations(self)

    def to_text(self, *, width: int = 100, color: bool = False) -> str:
        """For a terminal."""
        from pgops.render.text import to_text  # noqa: PLC0415

        return to_text(self.to_document(), width=width, color=color)

    def to_document(self) -> Document:
        """For people, through any writer."""
        from pgops.migrations.lint.lint_document import lint_document  # noqa: PLC0415

        return lint_document(self)
