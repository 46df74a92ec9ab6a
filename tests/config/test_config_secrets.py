"""No password is ever seen: not in str, repr, a message, a traceback with its locals, a pickle or a log."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pgops
from pgops.config.pair import resolve_pair
from pgops.config.reading import load_config
from pgops.config.resolution import resolve
from pgops.errors import PgopsError
from tests.config.conftest import VERSION_1

SECRET = "hunter2-S3cr3t"
OURS = str(Path(pgops.__file__).parent)


def seen_of(error: BaseException) -> str:
    """All that a log may show of an error: itself, its chain, and the locals of our frames."""
    shown = []
    while error is not None:
        shown += [str(error), repr(error), repr(error.args), repr(getattr(error, "__dict__", ""))]
        shown += traceback.format_exception(error)
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename.startswith(OURS):
                shown.append(repr(frame.f_locals))
        error = error.__context__
    return "\n".join(shown)


FILES = {
    "broken just before": '[database.local]\nhost = \npassword = "{}"',
    "broken just behind": '[database.local]\npassword = "{}" x',
    "broken within": '[database.local]\npassword = "{}\n',
    "unquoted": "[database.local]\npassword = {}\n",
    "on a line of its own": "[database.local]\npassword = 'x'\n{}\n",
    "as a key": "[database.local]\n{} = \n",
    "in a broken header": "[database.local]\n[{}",
    "wrong type elsewhere": '[database.local]\nport = "x"\npassword = "{}"',
    "wrong type of itself": '[database.local]\npassword = ["{}"]',
    "wrong type of the url": '[database.local]\nurl = {{a = "{}"}}\n',
    "misspelt": '[database.local]\npasswort = "{}"',
    "misspelt table": '[databse.local]\npassword = "{}"',
    "misspelt, wrong type beside it": '[database.local]\nport = "x"\npasswort = "{}"',
    "bad name": '[database.Prod]\npassword = "{}"',
    "bad url": '[database.local]\nurl = "postgresql://u:{}@h:x/d"',
    "bad url, foreign parameter": '[database.local]\nurl = "postgresql://u:{}@h/d?schema=x"',
    "bad keyword string": '[database.local]\nurl = "host=h password=\'{}"',
    "url as host": '[database.local]\nhost = "postgresql://u:{}@h/d"\ndatabase = "d"\nuser = "u"',
    "incomplete": '[database.local]\npassword = "{}"',
    "older version": 'schema_version = 0\n[database.local]\npassword = "{}"',
    "undecided": '[database.a]\npassword = "{}"\n[database.b]\nurl = "{}"',
    "sound fields": '[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\npassword = "{}"',
    "sound url": '[database.local]\nurl = "postgresql://u:{}@h/d?sslpassword={}"',
    "as its variable's name": '[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\npassword_env = "{}"',
    "in a command": '[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\npassword_command = ["echo", "{}"]',
    "in a command for a shell": '[database.local]\npassword_command = "echo {}"',
    "two sources": '[database.local]\npassword = "{}"\npassword_env = "X"',
    "url and another source": '[database.local]\nurl = "postgresql://u:{}@h/d"\npassword_env = "X"',
    "shared": '[database]\npassword = "{}"\n[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\n',
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_nothing_shows_what_is_in_the_file(project, caplog, text):
    header = "[configuration]\n" if text.startswith("schema_version") else VERSION_1
    project.write(text.format(SECRET, SECRET), header=header)
    shown = ""
    with caplog.at_level(logging.DEBUG):
        for look in (lambda: load_config(project.file, env={}), project.resolve):
            try:
                found = look()
            except PgopsError as error:
                shown += seen_of(error)
                pickle.dumps(error)
            else:
                shown += f"{found} {found!r} {getattr(found, 'display', '')} {attrs.asdict(found, recurse=False)}"
    assert shown
    assert SECRET not in shown + caplog.text


@pytest.mark.parametrize(
    "how",
    [
        {"url": f"postgresql://u:{SECRET}@h:x/d"},
        {"url": f"postgresql://u:{SECRET}@h/d?nonsense=1"},
        {"url": f"mysql://u:{SECRET}@h/d"},
        {"url": f"host=h password={SECRET} x"},
        {"url": SECRET},
        {"env": {"DB_URL": f"postgresql://u:{SECRET}@h:x/d"}},
        {"env": {"DB_PROFILE": f"postgresql://u:{SECRET}@h/d"}},
        {"profile": f"postgresql://u:{SECRET}@h/d"},
    ],
)
def test_no_error_shows_what_was_named(project, how):
    """A URL given as a profile's name stays in the frames, as it does in the caller's, but not in a message."""
    project.write('[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\n')
    with pytest.raises(PgopsError) as caught:
        project.resolve(**how)
    shown = seen_of(caught.value) if not ({"profile"} & how.keys() or "DB_PROFILE" in how.get("env", {})) else ""
    assert SECRET not in shown + str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    "text", ['host = "h"\ndatabase = "d"\nuser = "u"\npassword = "{}"', 'url = "postgresql://u:{}@h/d"']
)
def test_what_holds_a_secret_can_not_leave_the_process(project, text):
    config = project.load("[database.local]\n" + text.format(SECRET))
    resolution = project.resolve()
    for thing in (config, config.profiles["local"], resolution, resolution.target):
        for leave in (pickle.dumps, copy.deepcopy, json.dumps):
            with pytest.raises(TypeError):
                leave(thing)
        assert SECRET not in repr(attrs.asdict(thing))


def test_only_conninfo_reveals(project):
    project.write(f'[database.local]\nhost = "h"\ndatabase = "d"\nuser = "u"\npassword = "{SECRET}"')
    assert SECRET in project.resolve().conninfo()


# Long enough not to be a word of ours, and with every character that TOML, URLs, libpq and shells care for.
PASSWORDS = st.text(st.sampled_from("aZ09'\"\\ @:/?#%[]{}=.,$&é🦀\n\t"), min_size=12, max_size=20).filter(
    lambda text: len(set(text)) > 6
)


@given(
    password=PASSWORDS,
    template=st.sampled_from(list(FILES.values())),
    quoted=st.booleans(),
    how=st.sampled_from(["file", "url", "DB_URL", "keywords", "pair", "pair by profile"]),
)
def test_no_password_is_ever_shown(tmp_path_factory, password, template, quoted, how):
    file = tmp_path_factory.getbasetemp() / "secrets.toml"
    written = json.dumps(password, ensure_ascii=False)[1:-1] if quoted else password
    file.write_text(VERSION_1 + template.format(written, written), encoding="utf-8")
    calls = {
        "file": lambda: resolve(config=file, env={}),
        "url": lambda: resolve(url=f"postgresql://u:{password}@h/d", env={}),
        "DB_URL": lambda: resolve(env={"DB_URL": f"postgresql://u:{password}@h/d"}),
        "keywords": lambda: resolve(url=f"host=h user=u password={password}", env={}),
        "pair": lambda: resolve_pair(
            url_a=f"postgresql://u:{password}@h/d", env={"DB_URL_B": f"host=h user=u password={password}"}
        ),
        "pair by profile": lambda: resolve_pair("local", "nobody", config=file, env={}),
    }
    try:
        found = calls[how]()
    except PgopsError as error:
        shown = f"{error}\n{error!r}\n" + "".join(traceback.format_exception(error))
        shown = shown.replace(traceback.format_tb(error.__traceback__)[0], "")  # this test's own source line
    else:
        each = found if isinstance(found, tuple) else (found,)
        shown = "\n".join(f"{one}\n{one!r}\n{one.display}" for one in each)
    assert password not in shown
    assert repr(password)[1:-1] not in shown
