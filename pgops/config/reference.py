"""What may stand in postgres.toml: every version, table, key and rule, declared once.

`document` reads the names from here, `upgrade` the words, and docs/generate.py makes docs/postgres-toml.md of it all.
"""

from __future__ import annotations

import attrs

from pgops.config.surroundings import CONFIG_PLACE, MONOREPO_FOLDERS


@attrs.frozen(kw_only=True)
class Key:
    """One key: its type in words, an example as TOML writes it, what it means and what holds without it."""

    name: str
    kind: str
    example: str
    meaning: str
    default: str = "none"
    since: int = 0
    is_secret: bool = False
    """Never shown: not in `repr`, messages, differences and records."""
    holds_a_name: bool = False
    """A URL in it is a mistake, and would be shown with its password."""


@attrs.frozen(kw_only=True)
class Table:
    """One table, or one kind of table: its header as it is written, and its keys."""

    header: str
    meaning: str
    keys: tuple[Key, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its keys."""
        return tuple(key.name for key in self.keys)


CONFIGURATION = Table(
    header="[configuration]",
    meaning="About the file itself.",
    keys=(
        Key(
            name="schema_version",
            since=1,
            kind="whole number",
            example="1",
            meaning="The version of this file's layout. It is required: a file without it is taken for version 0.",
            default="required",
        ),
        Key(
            name="pg_bin_path",
            kind="text",
            example='"/usr/lib/postgresql/17/bin"',
            meaning="The folder of psql, pg_dump and pg_restore. The command line writes it when it is missing.",
            default="looked up each time",
        ),
    ),
)

DATABASE = Table(
    header="[database]",
    meaning="Any field of a profile: it counts for every profile that doesn't state its own. A table in it is a "
    "profile.",
)

PROFILE = Table(
    header="[database.<profile>]",
    meaning="A database and how to reach it. It needs host, database and user, or a url.",
    keys=(
        Key(
            name="host",
            kind="text",
            example='"db.example.com"',
            meaning="A name, an address, or the folder of a Unix socket.",
            holds_a_name=True,
        ),
        Key(name="port", kind="whole number", example="5432", meaning="From 1 to 65535.", default="5432"),
        Key(name="database", kind="text", example='"shop"', meaning="The database's name.", holds_a_name=True),
        Key(name="user", kind="text", example='"shop_app"', meaning="The role to connect as.", holds_a_name=True),
        Key(
            name="password",
            kind="text",
            example="'any % @ / may stand here'",
            meaning="The password, as it is: nothing in it is encoded.",
            default="~/.pgpass, or none is needed",
            is_secret=True,
        ),
        Key(
            name="password_env",
            since=1,
            kind="text",
            example='"SHOP_PASSWORD"',
            meaning="The environment variable that holds the password. It is read when connecting.",
            is_secret=True,  # people write the password itself here
        ),
        Key(
            name="password_command",
            since=1,
            kind="array of texts",
            example='["pass", "show", "shop"]',
            meaning="A program and its arguments, run without a shell when connecting, for 10 s at most: the "
            "first line "
            "that it prints is the password.",
            is_secret=True,
        ),
        Key(
            name="url",
            kind="text",
            example='"postgresql://reader@db:6432/shop?sslmode=verify-full"',
            meaning="A connection URL or keyword string, with all that libpq takes.",
            is_secret=True,
        ),
        Key(
            name="sslmode",
            kind='true, false, "verify-ca" or "verify-full"',
            example="true",
            meaning="true: require. false: disable, and once more with require if the server demands encryption.",
            default="false",
        ),
        Key(
            name="project",
            kind="text",
            example='"billing"',
            meaning="The subproject that this profile is for: it is chosen by the folder you stand in.",
        ),
        Key(name="description", kind="text", example='"My own machine"', meaning="For people."),
        Key(
            name="migrations_path",
            kind="text",
            example='"db/migrations"',
            meaning="The folder of this profile's migrations. A relative one starts at the project root.",
            default="[migrations].path",
        ),
    ),
)

MIGRATIONS = Table(
    header="[migrations]",
    meaning="For profiles that have no migrations_path.",
    keys=(
        Key(
            name="path",
            kind="text",
            example='"db/migrations"',
            meaning="The folder of the migrations. A relative one starts at the project root.",
            default="DB_MIGRATIONS_PATH, else db/migrations",
        ),
    ),
)

CHECKS = Table(
    header="[checks]",
    meaning="What this project sets for the checks.",
    keys=(
        Key(
            name="folder",
            since=1,
            kind="text",
            example='"db/checks"',
            meaning="The folder of the project's own checks, inside the project root.",
        ),
    ),
)

LIMITS = Table(
    header='[checks."<check>"]',
    meaning="Limits of one check, by its id or an alias. The pages of the checks name them, with their "
    "defaults. Without "
    "the quotes it is read the same.",
    keys=(
        Key(
            name="<limit>", since=1, kind="as the check's page says", example="10", meaning="The value for all objects."
        ),
        Key(
            name="severity",
            since=1,
            kind="text or table",
            example='"info"',
            meaning='How much its findings weigh: all of them, or some: { critical = "warning" }.',
            default="as the check says",
        ),
    ),
)

FOR_OBJECTS = Table(
    header="[[checks.for]]",
    meaning="Limits of one check for some objects; of several that fit an object, the last counts.",
    keys=(
        Key(
            name="check",
            since=1,
            kind="text",
            example='"missing_fk_indexes"',
            meaning="An id or an alias.",
            default="required",
        ),
        Key(
            name="target",
            since=1,
            kind="text",
            example='"audit.*"',
            meaning="A glob, case-sensitive, that is held against the object's qualified and quoted name.",
            default="required",
        ),
        Key(
            name="limits",
            since=1,
            kind="table",
            example="{ min_rows = 100_000 }",
            meaning="As above, severity too.",
            default="required",
        ),
    ),
)

SUPPRESS = Table(
    header="[[checks.suppress]]",
    meaning="Findings that someone decided to live with.",
    keys=(
        Key(
            name="check",
            since=1,
            kind="text",
            example='"indexes.*"',
            meaning="An id, alias, topic or glob.",
            default="required",
        ),
        Key(name="reason", since=1, kind="text", example='"goes away in May"', meaning="Why.", default="required"),
        Key(name="target", since=1, kind="text", example='"legacy.*"', meaning="A glob, as above.", default='"*"'),
        Key(
            name="until",
            since=1,
            kind="date",
            example="2099-01-31",
            meaning="The last day on which it holds.",
            default="for ever",
        ),
    ),
)

TABLES = (CONFIGURATION, DATABASE, PROFILE, MIGRATIONS, CHECKS, LIMITS, FOR_OBJECTS, SUPPRESS)

# --- versions and rules ----------------------------------------------------------------------------------------------

TRUE_WORDS = ("true", "t", "1", "yes", "y", "on", "enable", "enabled", "require", "required")
FALSE_WORDS = ("false", "f", "0", "no", "n", "off", "disable", "disabled", "")
VERIFYING = ("verify-ca", "verify-full")
UNDECIDED = ("prefer", "allow")
"""They take TLS or go without, as it comes: true would refuse servers without TLS, false would go without where it
was used. Which of the two is right only the user knows."""

VERSIONS = {
    0: "The file of the older shell scripts: no schema_version, and an sslmode in many words.",
    1: "schema_version is stated, and sslmode is true, false or a verify mode. This page describes it.",
}


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" if word else "the empty text" for word in words)


RULES = {
    "Where the file is": (
        f"`{CONFIG_PLACE.as_posix()}` below the project root; another is named by the call or by `PGOPS_CONFIG`.",
        "The project root is `DB_PROJECT_ROOT`, else `PROJECT_ROOT`, else the git top level, else the working "
        "directory.",
        "It may hold passwords: keep it out of git, and readable by its owner alone.",
    ),
    "How it is read": (
        "Reading writes nothing. A value of a wrong type, and a file of another version, is an error with file, "
        "line and key.",
        "A key that isn't known has no effect and is a warning with the nearest name.",
        "An empty text is as good as none. A profile's name is made of a-z, 0-9 and _.",
        "A profile takes from `[database]` what it doesn't state itself. Where it states a password, password_env "
        "or password_command, it takes none of the three; two of them in one table are an error.",
    ),
    "Which profile is used": (
        "The one that the call names; else a URL in `DB_URL`, without any file; else the one that `DB_PROFILE` names.",
        "Else, where some profile has a `project`: the one for the subproject you stand in, or the only one without "
        f"a project. In a root that holds {_listed(MONOREPO_FOLDERS)} a subproject is the folder below one of these.",
        "Else `local`, else the only one. Whatever else would be a guess, and is an error that lists the names.",
    ),
    "URLs": (
        "A profile's own `url` is the connection; fields fill only what it leaves out. A `url` from `[database]` "
        "gives way to what the profile states itself. So an sslmode in a `url` is stronger than "
        "`[database].sslmode`.",
        "In a URL the characters `@ : / ? # %` and spaces in user, password and database are percent-encoded.",
        "What a profile leaves out is not taken from libpq's environment (`PGHOST`, `PGSSLMODE` and so on).",
    ),
    "The upgrade from version 0 to 1": (
        "`pgops.config.propose_upgrade(path)` shows the change; nothing is written before it is approved. A backup "
        "is made beside the file, and all that need not change stays byte for byte.",
        "`schema_version = 1` is added, and `[database].sslmode = false` where it is missing.",
        f"An sslmode of {_listed(TRUE_WORDS)} becomes true, in any letter case.",
        f"An sslmode of {_listed(FALSE_WORDS)} becomes false.",
        f"{_listed(VERIFYING)} stay as they are: neither is weakened to require.",
        f"{_listed(UNDECIDED)} have no equal and are an error that names the key: decide between true and false, or "
        "give the profile a url that ends in `?sslmode=prefer`.",
        "`pg_bin_path` stays if that folder holds psql. Otherwise the first of these is written: PATH, the newest "
        "folder of Debian, Red Hat, Homebrew or Postgres.app, Program Files. Without any it is an error, unless "
        "`allow_missing_bin=True`.",
    ),
    "Changes": (
        "`set_sslmode`, `add_profile`, `change_profile`, `remove_profile`, `set_migrations_path` and "
        "`set_pg_bin_path` of `pgops.config` give proposals that show the difference, without any password. Only "
        "`record_pg_bin_path` writes without asking, and only where there is no `pg_bin_path`.",
        "The file is replaced as a whole, keeps its mode, and a new one is the owner's alone (0600). A link is "
        "followed. A file that somebody changed meanwhile is left alone.",
    ),
}
