"""The dependencies as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.render.document import Badge, CodeBlock, Column, Document, KeyValues, Note, Section, Table, Tone

if TYPE_CHECKING:
    from pgops.programs.dependencies import Dependencies


def dependencies_document(found: Dependencies) -> Document:
    """What is missing first, then what is here."""
    blocks: list[Any] = []
    if found.missing:
        blocks.append(Note(f"Missing: {', '.join(found.missing)}.", Tone.WARNING))
        if found.install is not None:
            blocks.append(CodeBlock(found.install, "sh"))
    blocks.append(_programs(found))
    python = {
        "Python": found.python,
        "psycopg": f"{found.psycopg} ({found.psycopg_is})",
        "libpq": found.libpq,
    }
    blocks.append(Section("Python", [KeyValues(python)]))
    extras = [[name, f"pgops[{extra}]", version or "not installed"] for name, extra, version in found.extras]
    blocks.append(Section("Extras", [Table(["package", "extra", "version"], extras)]))
    tools = [[name, path or "not found"] for name, path in found.tools]
    blocks.append(Section("Other tools, none of them needed", [Table(["program", "path"], tools)]))
    return Document("Dependencies", subtitle=_summary(found), blocks=blocks)


def _summary(found: Dependencies) -> str:
    return "all client programs are here" if found.is_complete else f"{len(found.missing)} client programs are missing"


def _programs(found: Dependencies) -> Section:
    columns = [Column(title) for title in ("program", "version", "TLS", "", "path", "found by")]
    rows = [
        [
            each.program.name,
            each.program.version,
            "yes" if each.has_tls else "no",
            Badge("chosen", Tone.GOOD) if each.is_chosen else "",
            str(each.program.path),
            each.program.source,
        ]
        for each in found.programs
    ]
    return Section("Client programs", [Table(columns, rows, empty="none are here")])
