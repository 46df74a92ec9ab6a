"""A name of more than 63 bytes is cut off, with no more than a notice.

PostgreSQL keeps the first 63 bytes of a name (NAMEDATALEN less one; manual, section 4.1.1) and says so in a NOTICE,
42622, which most tools throw away. The object is then not called what the program calls it in the catalogue, and two
names that differ only behind the cut are one: the second CREATE fails, or with IF NOT EXISTS does nothing. Letters
outside of ASCII count as two to four bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.lexing import names_written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, delivered_at timestamptz);"
BAD = """
CREATE INDEX orders_that_have_been_delivered_to_the_customer_by_the_day_of_delivery ON orders (delivered_at);
"""
GOOD = "CREATE INDEX orders_by_day_of_delivery ON orders (delivered_at);"

MOST_BYTES = 63


def look(step: Step) -> Iterator[Hit]:
    if not step.script.has_long_words:
        return
    for name in names_written(step.statement.text):
        written = name.encode("utf-8", "surrogatepass")
        if len(written) > MOST_BYTES:
            kept = written[:MOST_BYTES].decode("utf-8", "ignore")
            yield Hit(message=f"This name has {len(written)} bytes, and PostgreSQL cuts it off: {name} is {kept}.")


RULE = Rule(
    id="identifier-too-long",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
)
