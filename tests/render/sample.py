"""A realistic report with every kind of block, a document that says one text everywhere, and hostile texts."""

from __future__ import annotations

from datetime import UTC, datetime

from pgops.render.document import (
    Badge,
    Bullets,
    Card,
    Code,
    CodeBlock,
    Column,
    Document,
    Each,
    KeyValues,
    Line,
    Link,
    Note,
    Paragraph,
    Section,
    Steps,
    Strip,
    Strong,
    Table,
    Text,
    Tile,
    Tone,
    Tree,
)

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "comment": "--><!-- ]]> </style></title>",
    "entity": "&lt;b&gt; &amp;#60;",
    "pipe": "a|b|c \\| d \\\\| e",
    "newline": "first\nsecond\r\nthird\rfourth",
    "markdown": "# *bold* _under_ **x** [link](javascript:alert(1)) ![i](http://x/y.png) ~~gone~~",
    "list": "- item",
    "number": "1. item",
    "quotation": "> quoted",
    "rule": "---",
    "underline": "===",
    "backticks": "`a` ``b`` ```sql\nc\n```",
    "only backticks": "```",
    "mention": "@octocat fixes #1 and GH-2, mail a@b.example, see https://evil.example or www.evil.example",
    "reference": "[x]: http://evil.example",
    "footnote": "[^1] $x$ :tada:",
    "escape": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \x85 \x00",
    "bidi": "abc\u202etxt.exe\u2066 \u2069 \u200f\u200e\u061c",
    "zero width": "ad\u200bmin\u2060\ufeff\u00ad\u3164 \U000e0041",
    "line separators": "a\u2028b\u2029c\x0bd\x0ce",
    "surrogate": "bad \udc80 byte",
    "marks": "\u0301Z" + "\u0335" * 50,
    "wide": "注文テーブル 👍 ﾃｽﾄ",
    "right to left": "שלום users",
    "long word": "x" * 3000,
    "long query": "SELECT " + ", ".join(f"column_{n}" for n in range(400)),
    "empty": "",
    "blank": "   ",
    "backslash": "ends in a backslash\\",
    "percent": "100 % {} {0} %s %(x)s",
}


def report() -> Document:
    findings = [
        (
            Tone.CRITICAL,
            "public.orders",
            "Foreign key orders_customer_id_fkey (customer_id) has no supporting index: every DELETE and key change on "
            "public.customers scans 4,812,331 rows (1.4 GiB) of public.orders.",
            'CREATE INDEX CONCURRENTLY "orders_customer_id_idx"\n    ON "public"."orders" ("customer_id");',
            "indexes.missing_fk_index",
        ),
        (
            Tone.CRITICAL,
            "public.order_lines_id_seq",
            "The sequence has used 93.4 % of its integer column; at the rate of the last 7 days it ends in 11 d.",
            'ALTER TABLE "public"."order_lines"\n    ALTER COLUMN "id" TYPE bigint;',
            "sequences.exhaustion",
        ),
        (
            Tone.WARNING,
            'public."Weird |`<b>Name</b>`"',
            "Two indexes have the same definition. Keep one; 212 MiB become free.",
            'DROP INDEX CONCURRENTLY "public"."orders_created_at_idx1";',
            "indexes.duplicate",
        ),
        (
            Tone.WARNING,
            "session 48211",
            "Idle in transaction for 3 h 12 min; it holds back vacuum on the whole cluster.",
            "SELECT pg_terminate_backend(48211);",
            "activity.idle_in_transaction",
        ),
        (
            Tone.INFO,
            "public.audit_log",
            "No index of this table was used since the statistics were reset.",
            None,
            "x.y",
        ),
    ]
    waits = Tree(
        Line(Code("48211"), " shop_app ", Badge("idle in transaction", Tone.WARNING), " since 3 h 12 min"),
        [
            Tree(
                Line(Code("48377"), " ALTER TABLE public.orders ADD COLUMN note text · waits 2 min 4 s"),
                [
                    Tree(Line(Code("48401"), " SELECT … FROM orders WHERE id = $1 · waits 1 min 58 s")),
                    Tree(Line(Code("48402"), " UPDATE orders SET state = 'paid' · waits 1 min 12 s")),
                ],
            ),
            Tree(Line(Code("48380"), " VACUUM public.orders · waits 12.3 s")),
        ],
    )
    sizes = [
        ["public.orders", 1_503_238_554, 402_653_184, 4_812_331, 12.4, datetime(2025, 6, 3, 4, 12, 9, tzinfo=UTC)],
        ["public.order_lines", 943_718_400, 301_989_888, 18_902_114, 3.1, datetime(2025, 6, 3, 4, 30, 0, tzinfo=UTC)],
        ["public.customers", 73_400_320, 12_582_912, 190_003, 0.04, None],
        ["archive.注文", 8192, 0, 0, None, None],
    ]
    names = ["table", "total_bytes", "index_bytes", "rows", "dead_pct", "last_vacuum"]
    queries = [
        [
            "SELECT o.id, o.total\n  FROM orders o\n WHERE o.customer_id = $1\n ORDER BY o.created_at DESC",
            48_211,
            12.4,
            598_000,
            41.2,
        ],
        ["UPDATE customers SET last_seen = now() WHERE id = $1", 1_203_113, 0.31, 373_000, 25.7],
        ["SELECT '<script>alert(1)</script>' | \x1b[31m", 12, 3021.0, 36_252, 2.5],
    ]
    return Document(
        "Checks of shop",
        subtitle=Line(
            "PostgreSQL 18.0 on ",
            Code("db1.example:5432/shop"),
            " as ",
            Code("monitor"),
            " · 2025-06-03 12:30:05 UTC · 1.8 s",
        ),
        blocks=[
            Strip(
                [
                    Tile("critical", 2, tone=Tone.CRITICAL, filters=True),
                    Tile("warnings", 2, tone=Tone.WARNING, filters=True),
                    Tile("info", 1, tone=Tone.INFO, filters=True),
                    Tile("clean", 9, tone=Tone.GOOD),
                    Tile("skipped", 1),
                    Tile("failed", 0),
                ]
            ),
            Section(
                "Findings",
                Each(
                    findings,
                    lambda found: Card(
                        heading=Code(found[1]),
                        tone=found[0],
                        badge=found[0].value,
                        blocks=[found[2], *([CodeBlock(found[3], "sql")] if found[3] else [])],
                        facts=[
                            ("check", Link(found[4], "#" + found[4])),
                            ("confidence", "high"),
                            ("fingerprint", "9f31c2"),
                        ],
                    ),
                ),
                anchor="findings",
                aside="5 in 14 checks",
            ),
            Section(
                "Listings",
                [
                    Section("Blocking", [waits], anchor="locks.overview", aside="1 chain, 4 sessions"),
                    Section("Table sizes", [Table([Column.for_field(name) for name in names], sizes)]),
                    Section(
                        "Top statements",
                        [
                            Table(
                                [Column.for_field(n) for n in ("query", "calls", "mean_ms", "total_ms", "share_pct")],
                                queries,
                                caption="by total time",
                            )
                        ],
                    ),
                    Section("Prepared transactions", [Table(["gid", "owner"], [], empty="none")], open=False),
                ],
            ),
            Section(
                "Not checked",
                [
                    Note(
                        Line(Strong("queries.slow"), " needs the extension ", Code("pg_stat_statements"), "."),
                        Tone.WARNING,
                    ),
                    Bullets(
                        ["Ask for pg_monitor.", Line("Read ", Link("the manual", "https://www.postgresql.org/docs/"))]
                    ),
                    Steps(
                        ["Add it to shared_preload_libraries.", Line("Restart, then ", Code("CREATE EXTENSION"), ".")]
                    ),
                ],
            ),
            Section(
                "About this run",
                [
                    KeyValues(
                        {"pgops": "0.1.0", "server": "18.0", "role": Code("monitor"), "standby": False, "lag": None}
                    ),
                    Paragraph(Text("Sizes are binary units, times UTC.", Tone.MUTED)),
                ],
                open=False,
            ),
        ],
    )


def everywhere(text: str) -> Document:
    """A document that has the text in each place that takes one."""
    inline = Line(text, " ", Code(text), " ", Strong(text), " ", Badge(text, Tone.INFO), " ", Text(text, Tone.MUTED))
    return Document(
        text,
        subtitle=inline,
        blocks=[
            text,
            Paragraph(inline),
            Note(text, Tone.CRITICAL),
            Note(Code(text)),
            CodeBlock(text, "sql"),
            CodeBlock(text, text),
            Table([text, Column(text)], [[text, Code(text)], [inline, text], [Strong(text), 1]], caption=text),
            Table([text], [], empty=text),
            KeyValues([(text, text), (text, Code(text))]),
            Bullets([text, inline, Code(text)]),
            Steps([text, Strong(text)]),
            Tree(text, [Tree(Code(text), [Tree(inline)])]),
            Strip([Tile(text, text, tone=Tone.CRITICAL, filters=True), Tile(text, Code(text))]),
            Card(
                heading=text,
                tone=Tone.INFO,
                badge=text,
                blocks=[text, CodeBlock(text)],
                facts=[(text, text)],
                anchor=text,
            ),
            Card(heading=Code(text)),
            Section(text, [text, Section(inline, [text])], anchor=text, aside=text),
            Paragraph(Link(text, "#" + (text or "x"))),
            Paragraph(Link(text, "https://example.org/")),
        ],
    )
