"""`pgops check` looks at what SQL can't see where it is told to."""

from __future__ import annotations

from pgops.cli.exits import Exit


def test_disks_and_backups_are_judged(pgops_here, any_database, tmp_path):
    (tmp_path / "shop.dump").write_text("whole")
    done = pgops_here(
        "check",
        "backup.age",
        "storage.disk_free",
        "--json",
        "--backups",
        f"folder:{tmp_path}",
        "--disk",
        str(tmp_path),
        "--fail-on",
        "critical",
    )
    outcomes = {each["check"]: each["outcome"] for each in done.json["results"]}
    assert outcomes["backup.age"] == "clean"
    assert outcomes["storage.disk_free"] in {"clean", "found"}


def test_what_is_written_wrongly_is_refused_before_anything_connects(pgops_here, any_database, tmp_path):
    for option, value in (("--backups", "tape:1"), ("--backups", "barman"), ("--disk", str(tmp_path / "none"))):
        done = pgops_here("check", "backup.age", option, value)
        assert done.code == Exit.USAGE
        assert option in done.err


def test_a_tool_or_a_console_that_does_not_answer(pgops_here, any_database, tmp_path):
    done = pgops_here("check", "backup.age", "connections.saturation", "--backups", f"folder:{tmp_path}/none", "--json")
    outcomes = {each["check"]: each for each in done.json["results"]}
    assert "No such file" in outcomes["backup.age"]["reason"]
    assert outcomes["connections.saturation"]["outcome"] == "clean", "the rest needs no backup tool"
    done = pgops_here("check", "connections", "--pgbouncer", f"host={tmp_path} dbname=pgbouncer password=hunter2")
    assert "console of pgbouncer" in done.err
    assert "hunter2" not in done.err + done.out
