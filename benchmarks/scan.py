"""What a scan costs: a tree of many files, most of which say nothing of databases, walked and read.

Run it as `python benchmarks/scan.py [files]` (default 100,000). It makes the tree in a temporary folder, scans it three
times and prints the best and the worst; `reading alone` is the best of opening and reading the same files.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from pgops.config.scanning.scanned_files import Counts, content, scanned_files
from pgops.config.scanning.scanner import MAX_BYTES, scan

PLAIN = "import { thing } from './thing'\nexport const answer = thing(42) // nothing here\n" * 25  # 2 kB
NEAR = PLAIN + "// the words DB_ and postgres\nconst host = process.env.PGHOST\n"
HIT = PLAIN + 'const url = "postgres://ann:secret@dbNUMBER.example/shop"\n'
IN_A_FOLDER = 100


def plant(root: Path, files: int) -> None:
    for number in range(files):
        folder = root / f"{number // (IN_A_FOLDER * 30):03}" / f"{number // IN_A_FOLDER:05}"
        if number % IN_A_FOLDER == 0:
            folder.mkdir(parents=True)
        text = HIT.replace("NUMBER", str(number)) if number % 1000 == 0 else NEAR if number % 20 == 0 else PLAIN
        (folder / f"{number}.ts").write_text(text)


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        plant(Path(folder), files)
        alone, taken = [], []
        for _ in range(3):  # in turns; the first of each finds the files in the system's memory, as they are new
            began = time.perf_counter()
            for path, _ in scanned_files(folder, Counts()):
                content(path, MAX_BYTES, Counts())
            alone.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = sum(1 for _ in scan(folder))
            taken.append(time.perf_counter() - began)
    print(f"{files:,} files, {found} candidates")
    print(f"reading alone {min(alone):6.2f} s  {files / min(alone):9,.0f} files/s")
    print(f"scan, best    {min(taken):6.2f} s  {files / min(taken):9,.0f} files/s")
    print(f"scan, worst   {max(taken):6.2f} s  {files / max(taken):9,.0f} files/s")


if __name__ == "__main__":
    main()
