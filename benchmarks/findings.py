"""What 100,000 findings cost in memory, and whether writing them streams.

    python benchmarks/findings.py [findings]

One check finds so many faults on a throwaway server. Printed are the peak of the process's memory after the run
(at most 500 MB) and after each writer has written to a file, with the seconds it took and the bytes it wrote. A writer
streams where the peak does not rise by what it wrote.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import attrs
import psycopg

import pgops
from pgops.checks.report_json import iter_json
from pgops.files import write_whole
from pgops.render.html import iter_html
from pgops.render.markdown import iter_markdown
from pgops.render.text import iter_text
from pgops.scratch import find_binaries, start_server

BOUND_MB = 500
MEGA = 1_000_000


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    rows: int


SQL = """
SELECT 'schema_' || i %% 100 AS schema, 'table_with_a_longish_name_' || i AS "table", i::bigint AS rows
  FROM pg_catalog.generate_series(1, %(findings)s::int) AS i
"""


@attrs.frozen(kw_only=True)
class Limits:
    findings: int = pgops.limit(100_000, unit="findings", doc="How many.")


CHECK = pgops.Check(
    id="bench.many",
    doc="Made for the benchmark.",
    row=Row,
    limits=Limits,
    queries=[pgops.Query(since=14, sql=SQL)],
    judge=pgops.each_row(
        severity=pgops.Severity.WARNING,
        target=lambda row: pgops.Target("table", row.schema, row.table),
        message="{target} has {rows} rows and nobody who looks after them.",
        fix="ANALYZE {target};",
        details=("rows",),
    ),
)


def peak_mb() -> float:
    """The most that this process ever had in memory. Linux counts kilobytes, macOS bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024) / MEGA


def main() -> None:
    findings = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with start_server(find_binaries()) as server, psycopg.connect(server.conninfo(), autocommit=True) as conn:
        before, began = peak_mb(), time.perf_counter()
        report = pgops.run_checks(conn, [CHECK], limits={CHECK.id: {"findings": findings}})
        found, took = len(report.findings), time.perf_counter() - began
    assert found == findings, report.results[0].reason
    print(f"{found:,} findings in {took:.1f} s; peak {peak_mb():.0f} MB, {before:.0f} MB of them before the run")
    writers = {
        "HTML": lambda: iter_html(report.to_document()),
        "text": lambda: iter_text(report.to_document(), width=100),
        "Markdown": lambda: iter_markdown(report.to_document()),
        "JSON": lambda: iter_json(report),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, chunks in writers.items():
            began, old = time.perf_counter(), peak_mb()
            written = write_whole(Path(folder) / name, chunks()).stat().st_size
            print(
                f"  {name:9} {time.perf_counter() - began:5.1f} s  {written / MEGA:6.0f} MB written, "
                f"peak {peak_mb():4.0f} MB (+{peak_mb() - old:.0f})"
            )
    print(f"  the bound is {BOUND_MB} MB: {'kept' if peak_mb() <= BOUND_MB else 'over'}")


if __name__ == "__main__":
    main()
