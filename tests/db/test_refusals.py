"""Which refusals demand encryption, which refuse the startup options, and what is said to do about the others."""

from __future__ import annotations

import pytest

from pgops.db.cures import cure
from pgops.db.refusals import Refusal, demands_encryption, refusal, refuses_options

TCP = 'connection failed: connection to server at "10.0.0.5", port 5432 failed: '

DEMANDS = {
    "14 and later": 'FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "ann", database "shop", no encryption',
    "until 13": 'FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "ann", database "shop", SSL off',
    "a reject line": 'FATAL:  pg_hba.conf rejects connection for host "h", user "a", database "d", no encryption',
    "replication": 'FATAL:  pg_hba.conf rejects replication connection for host "10.0.0.7", user "a", no encryption',
    "Azure": "FATAL:  SSL connection is required. Please specify SSL options and retry.",
    "a service": "FATAL:  server requires encryption",
    "Neon": "ERROR:  connection is insecure (try using `sslmode=require`)",
    "Neon, unquoted": "FATAL:  connection is insecure (try using sslmode=require)",
    "pgbouncer": "FATAL:  SSL required",
    "CockroachDB": "ERROR:  node is running secure mode, SSL connection required",
    "German": "FATAL:  kein pg_hba.conf-Eintrag für Host »h«, Benutzer »a«, Datenbank »d«, keine Verschlüsselung",
    "German, as a server writes it before a session begins": (
        "FATAL:  kein pg_hba.conf-Eintrag f?r Host >>h<<, Benutzer >>SSL<<, Datenbank >>TLS<<, keine Verschl?sselung"
    ),
    "French, the same": (
        "FATAL:  aucune entr?e dans pg_hba.conf pour l'h?te << 10.0.0.7 >>, utilisateur << SSL >>,\n"
        "base de donn?es << TLS >>, aucun chiffrement"
    ),
    "Polish, the same": (
        'FATAL:  brak wpisu w pg_hba.conf dla hosta ,,10.0.0.7", u?ytkownika ,,SSL", bazy danych ,,d", bez szyfrowania'
    ),
    "German, a reject line": (
        "FATAL:  pg_hba.conf lehnt Verbindung ab für Host »h«, Benutzer »a«, Datenbank »d«, keine Verschlüsselung"
    ),
    "French": (
        "FATAL:  aucune entrée dans pg_hba.conf pour l'hôte « 10.0.0.7 », utilisateur « a »,\n"
        "base de données « d », aucun chiffrement"
    ),
    "Spanish": "FATAL:  no hay una línea en pg_hba.conf para «10.0.0.7», usuario «a», base de datos «d», sin cifrado",
    "Italian": 'FATALE:  nessuna voce in pg_hba.conf per l\'host "h", utente "a", database "d", nessuna crittografia',
    "Japanese": 'FATAL:  pg_hba.conf にホスト"h"、ユーザー"a"、データベース"d, 暗号化なし用のエントリがありません',
    "Korean": (
        '치명적오류:  호스트 "h", 사용자 "a", 데이터베이스 "d", 암호화 안함 연결에 대한 설정이 '
        "pg_hba.conf 파일에 없습니다."
    ),
    "Russian": 'ВАЖНО:  в pg_hba.conf нет записи для компьютера "h", пользователя "a", базы "d", без шифрования',
    "Chinese": '致命错误:  没有用于主机 "10.0.0.7", 用户 "a", 数据库 "d", no encryption 的 pg_hba.conf 记录',
    "one host of several": (
        f"{TCP}Connection refused\nMultiple connection attempts failed. All failures were:\n"
        "- host: 'a', port: '5432', hostaddr: '10.0.0.4': connection failed: connection to server at \"10.0.0.4\", "
        'port 5432 failed: FATAL:  no pg_hba.conf entry for host "h", user "u", database "d", no encryption\n'
        f"- host: 'b', port: '5432', hostaddr: '10.0.0.5': {TCP}Connection refused"
    ),
    "one host of several, the other encrypted": (
        f'{TCP}FATAL:  no pg_hba.conf entry for host "h", user "u", database "d", SSL encryption\n'
        f"- host: 'a', port: '1', hostaddr: 'x': {TCP}FATAL:  no pg_hba.conf entry for host \"h\", user \"u\", "
        'database "d", no encryption'
    ),
}

NEAR_MISSES = {
    "wrong password": 'FATAL:  password authentication failed for user "ann"',
    "wrong password of a user with a telling name": 'FATAL:  password authentication failed for user "SSL required"',
    "missing database": 'FATAL:  database "shop" does not exist',
    "missing database with a telling name": 'FATAL:  database "pg_hba.conf, no encryption" does not exist',
    "missing database that quotes a refusal": 'FATAL:  database "x FATAL:  SSL required" does not exist',
    "a table named sslmode": 'ERROR:  relation "sslmode" does not exist',
    "a column named certificate": 'ERROR:  column "certificate" does not exist, SSL connection is required',
    "encrypted, and still no entry": (
        'FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "ann", database "shop", SSL encryption'
    ),
    "encrypted, until 13": 'FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "ann", database "shop", SSL on',
    "encrypted by GSSAPI": 'FATAL:  no pg_hba.conf entry for host "h", user "ann", database "shop", GSS encryption',
    "encrypted, German": (
        "FATAL:  kein pg_hba.conf-Eintrag für Host »h«, Benutzer »a«, Datenbank »d«, SSL-Verschlüsselung"
    ),
    "encrypted, Russian": (
        'ВАЖНО:  в pg_hba.conf нет записи для компьютера "h", пользователя "a", базы "d", Шифрование SSL'
    ),
    "a Unix socket": 'FATAL:  no pg_hba.conf entry for host "[local]", user "ann", database "shop", no encryption',
    "a Unix socket, German": (
        "FATAL:  kein pg_hba.conf-Eintrag für Host »[local]«, Benutzer »a«, Datenbank »d«, keine Verschlüsselung"
    ),
    "a Unix socket, German in ASCII": (
        "FATAL:  kein pg_hba.conf-Eintrag f?r Host >>[local]<<, Benutzer >>a<<, Datenbank >>d<<, keine Verschl?sselung"
    ),
    "missing database with a telling name, German in ASCII": (
        "FATAL:  Datenbank >>pg_hba.conf, keine Verschl?sselung<< existiert nicht"
    ),
    "no TLS there": "server does not support SSL, but SSL was required",
    "certificate not trusted": "SSL error: certificate verify failed",
    "client certificate wanted": "FATAL:  connection requires a valid client certificate",
    "refused": "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
    "too many": "FATAL:  sorry, too many clients already",
    "options": "FATAL:  unsupported startup parameter: options",
    "nothing": "",
}


@pytest.mark.parametrize("prefix", ["", TCP], ids=["bare", "from libpq"])
@pytest.mark.parametrize("message", DEMANDS.values(), ids=DEMANDS.keys())
def test_these_demand_encryption(message: str, prefix: str) -> None:
    assert demands_encryption(prefix + message)
    assert refusal(prefix + message) is Refusal.NO_ENCRYPTION


@pytest.mark.parametrize("prefix", ["", TCP], ids=["bare", "from libpq"])
@pytest.mark.parametrize("message", NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_these_do_not(message: str, prefix: str) -> None:
    assert not demands_encryption(prefix + message)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("FATAL:  unsupported startup parameter: options", True),
        ("ERROR:  unsupported startup parameter: options", True),
        ("FATAL:  unsupported startup parameter in options: statement_timeout", True),
        ("FATAL:  unsupported options startup parameter: only '-c config=val' is allowed", True),
        ("FATAL:  Feature not supported: RDS Proxy currently doesn’t support command-line options.", True),
        ("FATAL:  unsupported startup parameter: extra_float_digits", False),
        ('FATAL:  database "unsupported startup parameter: options" does not exist', False),
        ('FATAL:  unrecognized configuration parameter "options"', False),
        ("FATAL:  invalid command-line argument for server process: -x", False),
        ('FATAL:  password authentication failed for user "options"', False),
    ],
)
def test_refused_options(message: str, expected: bool) -> None:
    assert refuses_options(TCP + message) is expected
    assert (refusal(TCP + message) is Refusal.OPTIONS) is expected


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("Connection refused", "Nothing listens"),
        ('FATAL:  database "x" does not exist', "database's name"),
        ('FATAL:  role "x" does not exist', "create the role"),
        ("FATAL:  sorry, too many clients already", "slot is taken"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "slot is taken"),
        ('FATAL:  too many connections for role "ann"', "CONNECTION LIMIT"),
        ("FATAL:  the database system is starting up", "starting"),
        ("FATAL:  the database system is not yet accepting connections", "starting"),
        ("FATAL:  the database system is shutting down", "shutting down"),
        ("FATAL:  the database system is in recovery mode", "crash"),
        ('FATAL:  permission denied for database "x"', "GRANT CONNECT"),
        ("FATAL:  unsupported startup parameter: options", "out of the URL"),
        ("fe_sendauth: no password supplied", ".pgpass"),
    ],
)
def test_each_refusal_has_its_cure(message: str, says: str) -> None:
    assert says in cure(TCP + message)


def test_an_unknown_refusal_under_sslmode_disable_hints_at_encryption() -> None:
    assert "sslmode=require" in cure("FATAL:  cleartext is not spoken here", sslmode="disable")
    assert cure("FATAL:  cleartext is not spoken here", sslmode="prefer") == ""
