"""Passwords in SQL that is shown: masked wherever they stand, and nothing else with them."""

from __future__ import annotations

import pytest

from pgops.scripting.masking import masked

SECRET = "hunter2"
# The password stands between two bars.
MASKED = {
    "of a role": "ALTER ROLE é PASSWORD |'hunter2'| VALID UNTIL 'é'",
    "with escapes": r"ALTER ROLE a PASSWORD |E'a\'hunter2'| LOGIN",
    "over two lines": "ALTER ROLE a PASSWORD |'hun'\n'hunter2'| LOGIN",
    "in dollars": "ALTER ROLE a PASSWORD |$a$hunter2$a$| LOGIN",
    "of a user mapping": "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'b', \"password\" |'hunter2'|)",
    "in a row": "UPDATE a SET password = /* new */ |'hunter2'| WHERE name = 'b'",
    "in a URL": "SELECT 'postgres://a:|hunter2|@b/c', 'https://x:y'",
    "in a URL, with a sign that belongs in none": "SELECT 'postgres://a:|p@hunter2|@b/c'",
    "of a statement in a comment": "SELECT 1 /* ALTER ROLE a PASSWORD |'hunter2'| */ + 1",
    "in a URL in a comment": "SELECT 1 -- postgres://a:|hunter2|@b/c\n + 1",
    "in a body": "DO $$BEGIN ALTER ROLE a PASSWORD |'hunter2'|; END$$",
    "in a body in a body": "DO $o$BEGIN EXECUTE $i$ALTER ROLE a PASSWORD |'hunter2'|$i$; END$o$",
    "in a body that is quoted": "DO 'BEGIN ALTER ROLE a PASSWORD |''hunter2''| LOGIN; END'",
    "in another language": 'CREATE FUNCTION f() RETURNS int LANGUAGE x AS $$ # it\'s\npassword = |"hunter2"| $$',
    "of a subscription": "CREATE SUBSCRIPTION s CONNECTION 'password=|hunter2| host=a' PUBLICATION p",
    "of one, with quotes": "CREATE SUBSCRIPTION s CONNECTION 'password = |''hunter2 x''| host=a' PUBLICATION p",
}
UNTOUCHED = (
    "SET password_encryption = 'md5'",
    "ALTER ROLE a PASSWORD NULL VALID UNTIL 'x'",
    "COMMENT ON COLUMN a.password IS 'the password is hashed' -- the password isn't",
    "SELECT password FROM users WHERE name = 'b' AND url = 'https://a/b'",
)


@pytest.mark.parametrize("sql", MASKED.values(), ids=MASKED.keys())
def test_a_password_is_masked_and_nothing_else(sql):
    before, secret, behind = sql.split("|")
    shown = masked(before + secret + behind)
    assert SECRET in secret
    assert shown in {f"{before}'********'{behind}", f"{before}********{behind}"}


@pytest.mark.parametrize("sql", UNTOUCHED)
def test_what_is_no_password_stays(sql):
    assert masked(sql) == sql
