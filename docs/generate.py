"""Write the documentation that is made from the code: a page for every check and lint rule, indexes, postgres.toml's,
the command line's.

python docs/generate.py            writes docs/checks/, docs/lint/, best-practices.md, command-line.md, postgres-toml.md
python docs/generate.py --check    changes nothing; fails and names what is out of date
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgops.checks.builtin import declared_checks
from pgops.checks.check_page import markdown_page
from pgops.cli.help_page import command_line_page
from pgops.config.model import SCHEMA_VERSION
from pgops.config.reference import RULES, TABLES, VERSIONS, Table
from pgops.files import write_whole
from pgops.migrations.lint.registry import own_rules
from pgops.migrations.lint.rule_page import rule_index, rule_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgops.checks.api import Check
    from pgops.migrations.lint.api import Rule

FOLDER = Path(__file__).parent / "checks"
LINT = Path(__file__).parent / "lint"
SITUATIONS = FOLDER / "situations.md"
"""Made by tests/checks/situations.py, since it takes servers of every version."""
REFERENCE = Path(__file__).parent / "postgres-toml.md"
COMMAND_LINE = Path(__file__).parent / "command-line.md"
PRACTICES = Path(__file__).parent / "practices.toml"
PRACTICE = Path(__file__).parent / "best-practices.md"
CASES = Path(__file__).parent.parent / "tests" / "checks" / "cases"
NOTE = "<!-- Made by docs/generate.py from the code: change it there. -->"


def page(check: Check[Any, Any]) -> str:
    """The page of one check: the first planted fault and its healthy twin are what the tests run on every version."""
    folder = CASES / check.topic / check.id.partition(".")[2]
    examples = {}
    for heading, pattern in (("A fault that it finds", "bad*.sql"), ("Healthy", "good*.sql")):
        scripts = sorted(folder.glob(pattern), key=lambda file: (len(file.stem), file.stem))
        if scripts:
            examples[heading] = scripts[0].read_text(encoding="utf-8")
    return f"{NOTE}\n\n{markdown_page(check, examples=examples)}"


def index(checks: tuple[Check[Any, Any], ...]) -> str:
    """All checks by topic, and below by the other names that callers and users of other tools know."""
    judging = sum(1 for check in checks if check.judge)
    parts = [NOTE, "# The checks", f"{judging} checks that judge, and {len(checks) - judging} listings."]
    parts[-1] += " `pgops list` shows them too, `pgops checks explain` each."
    parts[-1] += " [Which answers where](situations.md), [what each serves](../best-practices.md)."
    for topic in dict.fromkeys(check.topic for check in checks):
        rows = [f"- [`{check.id}`]({check.id}.md) {check.title}" for check in checks if check.topic == topic]
        parts += [f"## {topic}", "\n".join(rows)]
    names = sorted((alias, check.id) for check in checks for alias in check.aliases)
    parts += ["## Other names", "\n".join(f"- `{alias}`: [`{id_}`]({id_}.md)" for alias, id_ in names)]
    parts += ["## By the names of other tools", *elsewhere(checks)]
    return "\n\n".join(parts) + "\n"


def elsewhere(checks: tuple[Check[Any, Any], ...]) -> Iterable[str]:
    """For each other tool its own names, and what answers the same question here."""
    found: dict[str, dict[str, list[str]]] = {}
    for check in checks:
        for known in check.known_as:
            tool, _, name = known.partition(": ")
            found.setdefault(tool, {}).setdefault(name, []).append(f"[`{check.id}`]({check.id}.md)")
    for tool in sorted(found):
        yield f"### {tool}"
        yield "\n".join(f"- {name}: {', '.join(ids)}" for name, ids in sorted(found[tool].items()))


def best_practices(checks: tuple[Check[Any, Any], ...], rules: tuple[Rule, ...]) -> str:
    """The practices, and the checks and rules that watch over them. Raises `ValueError` for one that serves none."""
    topics: dict[str, dict[str, list[str]]] = tomllib.loads(PRACTICES.read_text(encoding="utf-8"))
    named = {id_ for practices in topics.values() for ids in practices.values() for id_ in ids}
    homes = {check.id: "checks" for check in checks if check.judge} | {rule.id: "lint" for rule in rules}
    if named != homes.keys():
        lost, unknown = sorted(homes.keys() - named), sorted(named - homes.keys())
        raise ValueError(f"{PRACTICES.name}: no practice for {lost}, no check or lint rule called {unknown}")
    parts = [NOTE, "# Best practices", "What good practice asks for, and the checks and lint rules that watch over it."]
    for topic, practices in topics.items():
        lines = []
        for practice, ids in practices.items():
            links = ", ".join(f"[`{id_}`]({homes[id_]}/{id_}.md)" for id_ in ids)
            lines.append(f"**{practice}.** {links}")
        parts += [f"## {topic}", bullets(lines)]
    return "\n\n".join(parts) + "\n"


def reference_page() -> str:
    """What may stand in postgres.toml, in Markdown."""
    parts = [NOTE, "# postgres.toml", f"This is schema version {SCHEMA_VERSION}. A file that shows every key:"]
    parts[-1] += " [postgres.toml.example](../examples/postgres.toml.example)."
    parts += ["## Versions", bullets(f"**{number}** {text}" for number, text in VERSIONS.items())]
    for table in TABLES:
        parts += [f"## `{table.header}`", table.meaning]
        parts += [keys(table)] if table.keys else []
    for heading, rules in RULES.items():
        parts += [f"## {heading}", bullets(rules)]
    return "\n\n".join(parts) + "\n"


def keys(table: Table) -> str:
    rows = ["| key | type | without it | meaning | since | example |", "| --- | --- | --- | --- | --- | --- |"]
    for key in table.keys:
        secret = " Never shown." if key.is_secret else ""
        cells = (f"`{key.name}`", key.kind, key.default, key.meaning + secret, str(key.since), f"`{key.example}`")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def main() -> int:
    checks, rules = declared_checks(), own_rules()
    pages = {FOLDER / f"{check.id}.md": page(check) for check in checks} | {FOLDER / "README.md": index(checks)}
    pages |= {LINT / f"{rule.id}.md": f"{NOTE}\n\n{rule_page(rule)}" for rule in rules}
    pages[LINT / "README.md"] = f"{NOTE}\n\n{rule_index(rules)}"
    pages[REFERENCE] = reference_page()
    pages[COMMAND_LINE] = f"{NOTE}\n\n{command_line_page()}"
    pages[PRACTICE] = best_practices(checks, rules)
    surplus = sorted({*FOLDER.glob("*.md"), *LINT.glob("*.md")} - pages.keys() - {SITUATIONS})
    stale = [file for file, text in pages.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for file in (*stale, *surplus):
            print(f"{file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file} is out of date")
        print("run `make docs`" if stale or surplus else f"docs: {len(pages)} pages are up to date")
        return 1 if stale or surplus else 0
    FOLDER.mkdir(exist_ok=True)
    LINT.mkdir(exist_ok=True)
    for file in stale:
        write_whole(file, [pages[file]])
    for file in surplus:
        file.unlink()
    print(f"docs: {len(stale)} pages written, {len(surplus)} removed, {len(pages)} in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
