"""Any postgres.toml: documents in every way that TOML can write them, as hypothesis strategies."""

from __future__ import annotations

import json

from hypothesis import strategies as st

NAMES = st.sampled_from(["local", "prod", "a_1", "host", "sslmode"])
COMMENTS = st.sampled_from(["", "", "", " # a comment", "\t# = [x] \"'", "  "])
WORDS = st.sampled_from(
    ["db", "", "ü注👍", 'a "b" \\ c', "# none", "x = 1", "[database]", "it's", "two\nlines\n", "\x7f"]
)
SSLMODES = st.sampled_from(
    ["true", "false", '"require"', "'disable'", '""', '"Yes"', "1", "0", '"verify-full"', '" verify-ca "', "'OFF'"]
)
OTHERS = ["pasword", "quoted key", "host.name", "ünder"]


def text(word: str, style: int) -> str:
    """The word as a TOML string, in one of the ways there are."""
    plain = json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")
    if style == 1 and "'" not in word and "\n" not in word and "\x7f" not in word:
        return f"'{word}'"
    if style == 2:
        return f'"""\n{plain[1:-1]}"""'
    if style == 3 and "'" not in word and "\x7f" not in word:
        return f"'''{word}'''"
    return plain


def key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else json.dumps(name, ensure_ascii=False)


TEXTS = st.builds(text, WORDS, st.integers(0, 3))
SHORT_TEXTS = st.builds(text, WORDS, st.integers(0, 0))


def fields(texts: st.SearchStrategy[str], sslmodes: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    """Of one profile: names and values as they are written."""
    known = st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("host", "database", "user", "password", "description", "migrations_path"), texts),
            "port": st.sampled_from(["5432", "0x1F", "6_432"]),
            "sslmode": sslmodes,
        },
    )
    strange = st.dictionaries(
        st.sampled_from(OTHERS), st.sampled_from(["1", "[1, 2]", "{ a = 1 }", "nan", "1979-05-27 07:32:00"]), max_size=2
    )
    return st.builds(lambda first, second: {**first, **second}, known, strange)


@st.composite
def documents(draw: st.DrawFn, *, header: str = "", sslmodes: st.SearchStrategy[str] = SSLMODES) -> str:
    """The text of a postgres.toml that is valid TOML; `header` is what stands below [configuration], if anything."""
    blocks = [f"[configuration]\n{header}"] if header else draw(st.sampled_from([[], ["[configuration]\n"]]))
    shared = draw(st.none() | fields(TEXTS, sslmodes))
    profiles = draw(st.dictionaries(NAMES, st.integers(0, 2), max_size=4))
    if shared is not None:
        # A field and a profile can't have one name.
        shared = {name: value for name, value in shared.items() if name not in profiles}
        lines = [
            f"{draw(st.sampled_from(['', '  ']))}{key(name)} = {value}{draw(COMMENTS)}"
            for name, value in shared.items()
        ]
        for name, style in profiles.items():
            if style == 1:
                inner = ", ".join(f"{key(k)} = {v}" for k, v in draw(fields(SHORT_TEXTS, sslmodes)).items())
                lines.append(f"{name} = {{ {inner} }}{draw(COMMENTS)}")
            elif style == 2:
                dotted = draw(fields(TEXTS, sslmodes)) or {"host": "'h'"}
                lines += [f"{name} . {key(k)} = {v}{draw(COMMENTS)}" for k, v in dotted.items()]
        blocks.append("\n".join(["[ database ]", *draw(st.permutations(lines))]))
    for name, style in profiles.items():
        if style == 0 or shared is None:
            lines = [f"{key(k)}={v}{draw(COMMENTS)}" for k, v in draw(fields(TEXTS, sslmodes)).items()]
            blocks.append("\n".join([f"# about {name}\n[database.{name}]{draw(COMMENTS)}", *lines]))
    blocks += draw(
        st.sampled_from([[], ["[migrations]\npath = 'db'"], ["[checks.'a.b']\nwarn = 1"], ["[other]\n[[rows]]\na=1"]])
    )
    gap = draw(st.sampled_from(["\n", "\n\n", "\n\n# a note\n\n"]))
    whole = gap.join(draw(st.permutations(blocks))) + draw(st.sampled_from(["", "\n", "\n\n# the end"]))
    whole = whole.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return draw(st.sampled_from(["", "\ufeff"])) + whole
