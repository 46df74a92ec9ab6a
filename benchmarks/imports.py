"""What a start costs: `import pgops` and `pgops.get_check(...)` in fresh processes, against `import psycopg`.

Run it as `python benchmarks/imports.py [rounds]`. The three take turns, so a machine that slows down slows them all;
the figures are medians, and the ratios are what counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "nothing": "pass",
    "import psycopg": "import psycopg",
    "import pgops": "import pgops",
    "pgops.get_check": "import pgops; pgops.get_check('missing_fk_indexes')",
}
BOUNDS = {"import pgops": 1.25, "pgops.get_check": 3.5}


def seconds(program: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - began


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for program in PROGRAMS.values():
        seconds(program)  # the first run writes the byte code
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, program in PROGRAMS.items():
            taken[name].append(seconds(program))
    start = statistics.median(taken["nothing"])
    base = statistics.median(taken["import psycopg"]) - start
    print(f"python itself {start * 1000:.0f} ms, left out below; median of {rounds} rounds")
    for name in ("import psycopg", "import pgops", "pgops.get_check"):
        cost = statistics.median(taken[name]) - start
        bound = f"  at most {BOUNDS[name]} x" if name in BOUNDS else ""
        print(f"{name:16} {cost * 1000:7.1f} ms  {cost / base:5.2f} x{bound}")


if __name__ == "__main__":
    main()
