"""What linting 1 MB of DDL costs: lint_sql in a fresh process, against squawk, a program in Rust, on the same file.

Run it as `python benchmarks/lint.py [rounds]`; it needs no server. The two take turns, so a machine that slows down
slows both; the figures are medians, and the ratio of each round is what counts. What pgops' process does is shown part
by part below, in processor time.

squawk writes one line a finding here (`--reporter=gcc`): what it writes for a terminal takes it 80 times as long, with
so many findings.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from shutil import which

BOUND = 2.0
BYTES = 1_000_000

# Each stands for many: NUMBER makes its names its own. Some are new tables, most change one that others use.
TEMPLATES = (
    """CREATE TABLE app.invoice_NUMBER (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES app.customer_NUMBER (id),
    day date NOT NULL DEFAULT current_date,
    amount numeric(12, 2) NOT NULL CHECK (amount >= 0),
    code char(3),
    note varchar(200),
    created_at timestamp DEFAULT now()
);""",
    "COMMENT ON TABLE app.invoice_NUMBER IS 'One row an invoice of the shop number NUMBER; never deleted.';",
    "CREATE INDEX invoice_NUMBER_day ON app.invoice_NUMBER (customer_id, day DESC) WHERE amount > 0;",
    "ALTER TABLE app.order_NUMBER ADD COLUMN state text NOT NULL DEFAULT 'new';",
    "ALTER TABLE app.order_NUMBER ALTER COLUMN amount TYPE bigint USING amount::bigint;",
    "ALTER TABLE app.order_NUMBER ADD CONSTRAINT order_NUMBER_amount CHECK (amount >= 0 AND state <> '');",
    "ALTER TABLE app.order_NUMBER ADD CONSTRAINT order_NUMBER_key FOREIGN KEY (customer_id) "
    "REFERENCES app.customer_NUMBER (id) ON DELETE CASCADE;",
    "ALTER TABLE app.customer_NUMBER ALTER COLUMN name SET NOT NULL, ALTER COLUMN phone DROP DEFAULT;",
    "ALTER TABLE app.customer_NUMBER RENAME COLUMN phone TO telephone;",
    "CREATE UNIQUE INDEX CONCURRENTLY customer_NUMBER_email ON app.customer_NUMBER (lower(email));",
    "ALTER TABLE app.customer_NUMBER DROP COLUMN IF EXISTS fax;",
    "DROP INDEX app.customer_NUMBER_old_index;",
    "GRANT SELECT, INSERT, UPDATE ON app.order_NUMBER, app.customer_NUMBER TO reporting, shop_NUMBER;",
    """CREATE OR REPLACE FUNCTION app.total_NUMBER(customer bigint) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE
    total numeric;
BEGIN
    SELECT sum(amount) INTO total FROM app.invoice_NUMBER WHERE customer_id = customer;
    RETURN coalesce(total, 0);
END
$$;""",
    """CREATE VIEW app.open_order_NUMBER AS
SELECT o.id, o.amount, c.name, c.email
  FROM app.order_NUMBER AS o
  JOIN app.customer_NUMBER AS c ON c.id = o.customer_id
 WHERE o.state = 'new';""",
    "CREATE TRIGGER touch_NUMBER BEFORE UPDATE ON app.order_NUMBER FOR EACH ROW EXECUTE FUNCTION app.touch();",
    "INSERT INTO app.setting (name, value) VALUES ('shop NUMBER', 'open'), ('limit NUMBER', '100');",
    "UPDATE app.order_NUMBER SET state = 'old' WHERE day < '2020-01-01';",
    "CREATE TYPE app.state_NUMBER AS ENUM ('new', 'paid', 'shipped');",
    "ALTER TABLE app.invoice_NUMBER SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);",
    "DROP TABLE IF EXISTS app.old_order_NUMBER;",
    "CREATE SEQUENCE app.counter_NUMBER AS bigint START 1000;",
)

OURS = """
import sys, pathlib
from pgops.migrations.lint.linter import lint_sql
print(len(lint_sql(pathlib.Path(sys.argv[1]).read_text(), server=18).findings))
"""
PARTS = """
import sys, time, pathlib
began = time.process_time()
def lap(name):
    global began
    now = time.process_time()
    print(f"  {name:24}{(now - began) * 1000:7.0f} ms")
    began = now
from pgops.migrations.lint.linter import lint_scripts
from pgops.migrations.lint.registry import all_rules
lap("imports")
all_rules()
lap("rules and plugins")
from pgops.sql.grammar import read_script
script = read_script(pathlib.Path(sys.argv[1]).read_text())
lap("read")
from pgops.migrations.effects.walk import walk
for step in walk(script): pass
lap("effects (done again below)")
report = lint_scripts([script])
lap("lint")
print(f"  {len(script.statements):,} statements, {len(script.unparsed)} unread, {len(report.findings):,} findings")
"""


def ddl(size: int) -> str:
    """So many bytes of it, in transactions of a hundred statements or so."""
    parts: list[str] = []
    written = number = 0
    while written < size:
        number += 1
        more = [each.replace("NUMBER", f"{number:04}") for each in TEMPLATES]
        more += ["COMMIT;"] if number % 5 == 0 else []
        written += sum(len(each) + 1 for each in more)
        parts += more
    return "\n".join(parts) + "\n"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    squawk = Path(sys.executable).with_name("squawk")
    program = str(squawk) if squawk.exists() else which("squawk")
    if program is None:
        sys.exit("squawk is not installed: pip install squawk-cli")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.sql"
        file.write_text(ddl(BYTES))
        contenders = {
            "squawk": [program, "--pg-version=18", "--reporter=gcc", str(file)],
            "lint_sql": [sys.executable, "-c", OURS, str(file)],
        }
        taken: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(rounds + 1):
            for name, command in contenders.items():
                began = time.perf_counter()
                subprocess.run(command, check=name != "squawk", capture_output=True)  # it exits with 1 on findings
                if number:  # the first round writes byte code
                    taken[name].append(time.perf_counter() - began)
        size = file.stat().st_size
        print(f"{size:,} bytes of DDL, in fresh processes; median of {rounds} rounds (at most {BOUND} x)")
        for name, seconds in taken.items():
            ratio = statistics.median(mine / other for mine, other in zip(seconds, taken["squawk"], strict=True))
            print(f"  {name:24}{statistics.median(seconds) * 1000:7.0f} ms  {ratio:5.2f} x")
        began = time.perf_counter()
        subprocess.run([program, "--pg-version=18", str(file)], check=False, capture_output=True)
        as_called = time.perf_counter() - began
        ratio = statistics.median(taken["lint_sql"]) / as_called
        print(f"  squawk without options, which draws its findings: {as_called:.1f} s, lint_sql {ratio:.2f} x of that")
        print("lint_sql part by part")
        subprocess.run([sys.executable, "-c", PARTS, str(file)], check=True)


if __name__ == "__main__":
    main()
