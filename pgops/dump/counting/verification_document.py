"""What the verification of a restore says to people: equal or not, each difference, and what nothing is said of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.dump.counting.verifying import Verdict
from pgops.findings import quote_identifier
from pgops.render.document import Block, Bullets, Code, Document, Each, Line, Note, Section, Strip, Table, Tile, Tone

if TYPE_CHECKING:
    from pgops.dump.counting.verifying import Comparison, RestoreVerification


def verification_document(verification: RestoreVerification) -> Document:
    """The verification as a document for the writers of `pgops.render`."""
    differences = verification.differences
    equal = [each for each in verification.comparisons if each.verdict is Verdict.EQUAL]
    tables_equal = [each for each in equal if each.name]
    tiles = [
        Tile("tables equal", len(tables_equal), tone=Tone.GOOD if tables_equal else Tone.MUTED),
        Tile("rows equal", sum(each.rows_dumped for each in tables_equal)),
        Tile("differences", len(differences), tone=Tone.CRITICAL if differences else Tone.GOOD),
    ]
    blocks: list[Block] = [Strip(tiles)]
    if differences:
        blocks.append(Section("Not as it was dumped", [_table(differences)]))
    elif equal and not verification.is_proved:
        blocks.append(Note("What was compared is as it was dumped; not all could be compared.", Tone.WARNING))
    elif equal:
        blocks.append(Note("All that was compared is as it was dumped.", Tone.GOOD))
    else:
        blocks.append(Note("Nothing was there to be compared.", Tone.WARNING))
    if verification.not_compared:
        blocks.append(Section("Not compared", [Bullets(verification.not_compared)]))
    if verification.additional:
        names = [f"{quote_identifier(schema)}.{quote_identifier(name)}" for schema, name in verification.additional]
        blocks.append(Section("Tables that the dump's manifest does not have", [Bullets(Each(names, Code))]))
    if equal:
        blocks.append(Section("Equal", [_table(equal)], open=False))
    return Document(
        f"Restore of {verification.dump}",
        subtitle=Line(Code(verification.dumped_from), " dumped, ", Code(verification.database), " looked at"),
        blocks=blocks,
    )


def _table(comparisons: tuple[Comparison, ...] | list[Comparison]) -> Table:
    return Table(
        ("what", "is", "dumped", "restored"),
        Each(
            comparisons,
            lambda each: (Code(str(each)), each.verdict.value, each.rows_dumped, each.rows_restored),
        ),
    )
