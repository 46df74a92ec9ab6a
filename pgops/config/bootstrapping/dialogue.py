"""Setting up a profile by questions and answers.

In this order: a scan of the project is offered (not when there is a config already), a candidate picked, the profile
named, the folder of the migrations found, what is missing asked, the result shown, and then saved or printed for one
use. Everything is asked first and written last, so a dialogue that is broken off has changed nothing. Every write is a
proposal that was shown and agreed to.
"""

from __future__ import annotations

import os
import shlex
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.approval import Record
from pgops.config.bootstrapping.migrations_choice import choose_migrations
from pgops.config.bootstrapping.profile_fields import Fields, as_toml, as_url, fields_of
from pgops.config.bootstrapping.ui import Ui
from pgops.config.document import PROFILE_KEYS, parse_document
from pgops.config.editing import add_profile, change_profile
from pgops.config.model import Config
from pgops.config.project_facility import git_says
from pgops.config.protecting import propose_ignored
from pgops.config.reading import PROFILE_NAME, config_from, config_place, read_config
from pgops.config.resolution import DEFAULT_PROFILE
from pgops.config.scanning.scanner import scan
from pgops.config.scanning.url_texts import parsed_url
from pgops.config.surroundings import git_top_level, surroundings
from pgops.conninfo import Conninfo
from pgops.errors import ConfigNotFoundError, ConninfoError
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgops.config.bootstrapping.migrations_choice import MigrationsChoice
    from pgops.config.scanning.candidates import Candidate
    from pgops.config.scanning.scanner import Scan
    from pgops.config.writing import FileProposal

MOST_CANDIDATES = 50


class Outcome(StrEnum):
    """What the dialogue came to."""

    SAVED = "saved"
    ONE_OFF = "one-off"
    """The URL was shown for one use, and nothing written."""
    NOTHING = "nothing"


@attrs.frozen(kw_only=True)
class Bootstrapped:
    """What the dialogue came to, and the connection that was put together."""

    outcome: Outcome
    profile: str
    target: Conninfo
    config_path: Path
    records: tuple[Record, ...] = ()
    """One for each file that was written."""


def bootstrap(
    ui: Ui,
    *,
    root: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> Bootstrapped:
    """Make a profile by asking through `ui`, and save it to postgres.toml, or show its URL for one use.

    `root` is the project's, by default what `load_config` finds; `env` and `cwd` stand in for the process's own. The
    password is shown in clear only as part of a one-off URL, after a question of its own. Nothing is connected to.

    Raises `DialogueEndedError`, or what else `ui` raises, when it is broken off (nothing has been written then), and
    `ConfigError` and its kin where a postgres.toml is there and can't be read, before anything is asked.
    """
    around = surroundings(env, cwd)
    del env
    if root is not None:
        around = attrs.evolve(around, named_root=("root=", (around.cwd / Path(root).expanduser()).absolute()))
    path, project, _ = config_place(around, None)
    try:
        config = read_config(around)
    except ConfigNotFoundError:
        config = None
    return _Dialogue(ui=ui, root=project.folder, path=path, config=config).run()


@attrs.frozen(kw_only=True)
class _Dialogue:
    ui: Ui
    root: Path
    path: Path
    config: Config | None
    """None where there is no file yet."""

    def run(self) -> Bootstrapped:
        if self.config is not None:
            self.ui.show(f"There is a {self.path}: this adds a profile to it, or changes one.")
        target = self._found() or self._typed()
        name = self._name()
        migrations = choose_migrations(self.ui, self.root)
        target = self._completed(target)
        fields = fields_of(target)
        if migrations is not None:
            fields["migrations_path"] = migrations.path
        self.ui.show(as_toml(name, fields, target))
        result = Bootstrapped(outcome=Outcome.NOTHING, profile=name, target=target, config_path=self.path)
        ways = [f"Save it as profile {name} in {self.path}", "Use it once: show DB_URL", "Neither"]
        match self.ui.choose("What shall become of it?", ways):
            case 0:
                records = self._saved(name, fields, migrations)
                return attrs.evolve(result, outcome=Outcome.SAVED, records=records) if records else result
            case 1:
                self._show_url(target)
                return attrs.evolve(result, outcome=Outcome.ONE_OFF)
        self.ui.show("Nothing was written.")
        return result

    # --- which connection --------------------------------------------------------------------------------------------

    def _found(self) -> Conninfo | None:
        question = f"Look for connections in the files below {self.root}? They are only read."
        if self.config is not None or not self.ui.confirm(question):
            return None
        scanned = scan(self.root)
        candidates = list(islice(scanned, MOST_CANDIDATES))
        self._tell(scanned, len(candidates))
        if not candidates:
            return None
        chosen = self.ui.choose(
            "Which connection?", [*(self._described(each, scanned) for each in candidates), "None of these"]
        )
        if chosen == len(candidates):
            return None
        candidate = candidates[chosen]
        if candidate.left_out:
            self.ui.show(
                f"Left out, since it means nothing to PostgreSQL's own library: {', '.join(candidate.left_out)}."
            )
        return candidate.target

    def _tell(self, scanned: Scan, found: int) -> None:
        counts = scanned.counts
        passed = {
            "too large": counts.too_large,
            "binary": counts.binary,
            "that could not be read": counts.unreadable,
        }
        over = [f"{count} {why}" for why, count in passed.items() if count]
        said = f"{found} found in {counts.read} files." if found < MOST_CANDIDATES else f"The first {found} are shown."
        self.ui.show(said + (f" Passed over: {', '.join(over)}." if over else ""))

    def _described(self, candidate: Candidate, scanned: Scan) -> str:
        place, *others = scanned.places(candidate)
        file = place.file.relative_to(self.root) if place.file.is_relative_to(self.root) else place.file
        more = f" and {len(others)} more" if others else ""
        lacks = f", without {' and '.join(candidate.missing)}" if candidate.missing else ""
        return f"{candidate.display}  ({file}:{place.line}{more}{lacks})"

    def _typed(self) -> Conninfo:
        ways = ["Answer question by question", "Type or paste a URL (it is not shown)"]
        if self.ui.choose("How do you want to name the database?", ways) == 0:
            return Conninfo({})
        while True:
            found = _parsed(self.ui.ask_secret("The URL, postgresql://user:password@host:port/database"))
            if isinstance(found, Conninfo):
                return found
            self.ui.show(found)

    # --- the profile -------------------------------------------------------------------------------------------------

    def _name(self) -> str:
        taken = self.config.profiles if self.config is not None else {}
        while True:
            default = DEFAULT_PROFILE if DEFAULT_PROFILE not in taken else None
            name = self.ui.ask("The profile's name", default=default).strip()
            if not PROFILE_NAME.fullmatch(name):
                self.ui.show("A profile's name is made of a-z, 0-9 and _ only.")
            elif name in PROFILE_KEYS:
                self.ui.show(f"{name} is the name of a field, so it can't be a profile's.")
            elif name not in taken or self.ui.confirm(
                f"There is a profile {name} already ({self.path}:{taken[name].line}). Put this in its place?"
            ):
                return name

    def _completed(self, target: Conninfo) -> Conninfo:
        """With what a connection needs and nobody has said yet."""
        if "service" in target.params:  # the service file says the rest
            return target
        if not (target.params.get("host") or target.params.get("hostaddr")):
            target = self._with(target, "host", "Host (a name, an address, or the folder of a socket)", "localhost")
        if not target.params.get("port"):
            target = self._with(target, "port", "Port", "5432")
        if not target.params.get("dbname"):
            target = self._with(target, "dbname", "Database", None)
        if not target.params.get("user"):
            target = self._with(target, "user", "User", None)
        while target.password is None:
            password = self.ui.ask_secret(
                "Password (not shown; empty for none, as with .pgpass, peer or a certificate)"
            )
            if not password:
                break
            problem, target = _tried(target, "password", password)
            if problem:
                self.ui.show(problem)
        return target

    def _with(self, target: Conninfo, keyword: str, question: str, default: str | None) -> Conninfo:
        while True:
            problem, changed = _tried(target, keyword, self.ui.ask(question, default=default).strip())
            if not problem:
                return changed
            self.ui.show(problem)

    # --- what becomes of it ------------------------------------------------------------------------------------------

    def _show_url(self, target: Conninfo) -> None:
        self.ui.show("For one use, with no file written, set DB_URL in the shell:")
        if target.password is None and not target.secrets:
            self.ui.show(_assignment(target).reveal())
            return
        question = "The URL holds the password in clear, for everyone who sees or records this screen. Show it?"
        if self.ui.confirm(question):
            self.ui.reveal(_assignment(target))
        else:
            self.ui.show(f"export DB_URL={shlex.quote(target.display)}\n(put the password in place of the asterisks)")

    def _saved(self, name: str, fields: Fields, migrations: MigrationsChoice | None) -> tuple[Record, ...]:
        proposals: list[FileProposal] = []
        profile = self._proposed(name, fields)
        if self.config is not None:  # what it does to the rest of a file is to be seen; a new file was shown whole
            self.ui.show("\n".join([profile.diff, *profile.risks]))
            if not self.ui.confirm(f"{profile.title}?"):
                self.ui.show("Nothing was written.")
                return ()
        ignoring = self._ignored(profile)
        if ignoring is not None:
            proposals.append(ignoring)  # first: the password is at no moment where git would take it
        records = tuple(
            proposal.apply(approval=proposal.approve(by=self.ui.user)) for proposal in [*proposals, profile]
        )
        if migrations is not None and migrations.is_new:
            (self.root / migrations.path).mkdir(parents=True, exist_ok=True)
        self.ui.show(f"Saved. Try it: pgops check --profile {name}")
        return records

    def _ignored(self, profile: FileProposal) -> FileProposal | None:
        """A line for .gitignore, where git would take the file along and the user agrees to it."""
        real = Path(os.path.realpath(self.path))
        top = git_top_level(real.parent)
        if top is None:
            return None
        ignored, tracked, unknown = git_says(real, top)
        if tracked:
            self.ui.show(
                f"Careful: git tracks {self.path}, so a commit takes it along, password and all. End that with:"
                f" git rm --cached {shlex.quote(str(self.path))}"
            )
        if unknown:
            self.ui.show(f"Whether git ignores {self.path} is not known: {unknown}.")
        if ignored:
            return None
        proposal = propose_ignored(config_from(parse_document(self.path, profile.after), self.root))
        if not proposal.is_change:
            return None
        self.ui.show(proposal.diff)
        agreed = self.ui.confirm(f"Git does not ignore {self.path}. Add this line to {proposal.path}?")
        return proposal if agreed else None

    def _proposed(self, name: str, fields: Fields) -> FileProposal:
        env = {"DB_PROJECT_ROOT": str(self.root)}
        if self.config is None or name not in self.config.profiles:
            return add_profile(name, fields, config=self.path, env=env, cwd=self.root)
        own = ("host", "port", "database", "user", "password", "password_env", "password_command", "url", "sslmode")
        replaced = {key: None for key in own if key in self.config.profiles[name].stated}
        return change_profile(name, {**replaced, **fields}, config=self.path, env=env, cwd=self.root)


def _parsed(text: Secret) -> Conninfo | str:
    """What was typed, or why it can't be used."""
    text = Secret(text.reveal().strip())
    found = parsed_url(text)
    if found is not None:
        return found[0]
    try:
        return Conninfo.parse(text.reveal())
    except ConninfoError as error:
        return str(error)


def _tried(target: Conninfo, keyword: str, value: str | Secret) -> tuple[str, Conninfo]:
    """The problem with a value, or nothing and the target that has it."""
    if not value:
        return "This is needed.", target
    if isinstance(value, str) and ("://" in value or not value.isprintable()):
        return "A URL, or a text of several lines, can't be that.", target
    if keyword == "port" and not (value.isascii() and value.isdigit()):  # type: ignore[union-attr]
        return "A port is a number from 1 to 65535.", target
    try:
        return "", target.with_(**{keyword: value})
    except ConninfoError as error:
        return error.what, target


def _assignment(target: Conninfo) -> Secret:
    return Secret(f"export DB_URL={shlex.quote(as_url(target).reveal())}")
