"""FileProposal: nothing is written without consent, never a part of a file, and no password is shown on the way."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
import os
import random
import signal
import stat
import threading
import time

import attrs
import pytest

from pgops.config.masking import masked_difference
from pgops.config.writing import propose_file
from pgops.errors import ConfigError, FileBusyError, NotApprovedError, StaleProposalError
from pgops.findings import as_json
from pgops.locking import locked
from pgops.secret import Secret

OLD = "[database.local]\nhost = 'old'\n"
NEW = "[database.local]\nhost = 'new'\n"


def proposed(path, after=NEW, **how):
    return propose_file(path, after, title="Change it", **how)


def apply(proposal, **how):
    return proposal.apply(approval=proposal.approve(by="ann"), **how)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def backups(path):
    return sorted(path.parent.glob(f"{path.name}.bak-*"))


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "postgres.toml"
    file.write_text(OLD)
    file.chmod(0o600)
    return file


# --- consent ---------------------------------------------------------------------------------------------------------


def test_a_proposal_writes_nothing_before_it_is_applied(file):
    proposal = proposed(file)
    assert (proposal.is_change, file.read_text(), backups(file)) == (True, OLD, [])
    assert proposal.diff == (
        "--- postgres.toml\n+++ postgres.toml\n@@ -1,2 +1,2 @@\n [database.local]\n-host = 'old'\n+host = 'new'"
    )


def test_applying_writes_the_file_and_gives_a_record(file):
    kept = []
    proposal = proposed(file)
    done = apply(proposal, record=kept.append)
    assert file.read_text() == NEW
    assert kept == [done]
    assert (done.outcome, done.digest, done.statements) == ("written", proposal.digest, proposal.statements)
    assert done.details["backup"] == str(backups(file)[0])
    assert backups(file)[0].read_text() == OLD
    json.dumps(as_json(attrs.asdict(done)))


def test_without_an_approval_of_this_very_proposal_nothing_happens(file, tmp_path):
    proposal = proposed(file)
    twin = tmp_path / "twin.toml"
    twin.write_text(OLD)
    wrong = {
        "none": None,
        "for another text": proposed(file, NEW + "\n").approve(by="ann"),
        "for the same text of another file": proposed(twin).approve(by="ann"),
        "for another mode": proposed(file, mode=0o644).approve(by="ann"),
        "of two hours ago": attrs.evolve(
            proposal.approve(by="ann"), until=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        ),
    }
    for approval in wrong.values():
        with pytest.raises(NotApprovedError):
            proposal.apply(approval=approval)
    assert (file.read_text(), backups(file)) == (OLD, [])


def test_two_passwords_look_alike_and_yet_an_approval_of_one_is_none_of_the_other(file):
    first, second = (proposed(file, f"[database.local]\npassword = '{each}'\n") for each in ("hunter2", "hunter3"))
    assert first.statements == second.statements
    with pytest.raises(NotApprovedError):
        second.apply(approval=first.approve(by="ann"))


def changed(file):
    file.write_text(OLD + "# meanwhile\n")


def gone(file):
    file.unlink()


def elsewhere(file):
    file.rename(file.with_name("other.toml"))
    file.symlink_to("other.toml")


@pytest.mark.parametrize("meanwhile", [changed, gone, elsewhere])
def test_a_file_that_changed_since_is_left_alone(file, meanwhile):
    proposal = proposed(file)
    meanwhile(file)
    before = file.read_text() if file.exists() else None
    with pytest.raises(StaleProposalError) as caught:
        apply(proposal)
    assert str(file) in str(caught.value)
    assert (file.read_text() if file.exists() else None) == before
    assert backups(file) == []


def test_a_file_that_appeared_since_is_left_alone(tmp_path):
    proposal = proposed(tmp_path / "x.toml")
    (tmp_path / "x.toml").write_text("theirs")
    with pytest.raises(StaleProposalError):
        apply(proposal)
    assert (tmp_path / "x.toml").read_text() == "theirs"


def test_a_proposal_can_be_applied_once(file):
    proposal = proposed(file)
    apply(proposal)
    with pytest.raises(StaleProposalError):
        apply(proposal)


def test_where_nothing_changes_nothing_is_written(file):
    proposal, before = proposed(file, OLD), file.stat()
    assert (proposal.is_change, proposal.diff) == (False, "")
    assert apply(proposal).outcome == "nothing to change"
    assert (file.stat().st_ino, file.stat().st_mtime_ns, backups(file)) == (before.st_ino, before.st_mtime_ns, [])


# --- the file --------------------------------------------------------------------------------------------------------


MODES = {
    "private": (0o600, None, 0o600, 0o600),
    "of a group": (0o640, None, 0o640, 0o600),
    "read-only": (0o400, None, 0o400, 0o400),
    "made private": (0o644, 0o600, 0o600, 0o600),
}


@pytest.mark.parametrize(("before", "wanted", "after", "of_backup"), MODES.values(), ids=MODES)
def test_the_mode_is_kept_and_the_backup_is_never_more_open(file, before, wanted, after, of_backup):
    file.chmod(before)
    apply(proposed(file, mode=wanted))
    assert (mode_of(file), mode_of(backups(file)[0])) == (after, of_backup)


def test_the_mode_alone_can_be_proposed(file):
    file.chmod(0o644)
    proposal = proposed(file, OLD, mode=0o600)
    assert (proposal.is_change, proposal.diff) == (True, "mode 0644 -> 0600")
    apply(proposal)
    assert (mode_of(file), file.read_text(), backups(file)) == (0o600, OLD, [])
    assert not proposed(file, OLD, mode=0o600).is_change


def test_a_new_file_and_its_folders_are_the_owners_alone(tmp_path):
    before = os.umask(0)
    try:
        file = tmp_path / ".skills" / "postgres" / "postgres.toml"
        apply(proposed(file))
    finally:
        os.umask(before)
    assert (mode_of(file), mode_of(file.parent), mode_of(file.parent.parent)) == (0o600, 0o700, 0o700)
    assert [each.name for each in file.parent.iterdir()] == ["postgres.toml"]


def test_a_link_is_followed_and_stays_one(file, tmp_path):
    link = tmp_path / "link.toml"
    link.symlink_to(file.name)
    done = apply(proposed(link))
    assert (link.is_symlink(), file.read_text(), done.target["path"]) == (True, NEW, str(file.resolve()))
    assert len(backups(file)) == 1


@pytest.mark.parametrize(
    "text",
    ["\ufeffa = 1\r\nb = 2\r\n", "a = 1", "a = '\u2028\x85'\n", "\r\n\r\n", "", "# ü 注 👍\n", "a = 1\r\nb = 2\n"],
)
def test_every_character_arrives(file, text):
    apply(proposed(file, text))
    assert file.read_bytes() == text.encode()
    apply(proposed(file, OLD))
    assert backups(file)[-1].read_bytes() == text.encode()


def test_backups_of_one_second_have_names_of_their_own(file):
    for text in (NEW, OLD, NEW):
        apply(proposed(file, text))
    assert [each.read_text() for each in backups(file)] == [OLD, NEW, OLD]


def test_a_backup_can_be_done_without(file):
    apply(proposed(file, keeps_backup=False))
    assert (file.read_text(), backups(file)) == (NEW, [])


def test_a_file_that_is_no_text_is_not_proposed_for(file):
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError):
        proposed(file)


def test_a_write_that_fails_leaves_the_old_file(file, monkeypatch):
    proposal = proposed(file)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        apply(proposal)
    assert file.read_text() == OLD
    assert [each.name for each in file.parent.iterdir()] == [file.name]


# --- two writers -----------------------------------------------------------------------------------------------------


def test_whoever_waits_too_long_is_told_for_whom(file):
    proposal = proposed(file)
    with locked(file, wait_s=1), pytest.raises(FileBusyError, match=f"by process {os.getpid()}"):
        apply(proposal, wait_s=0.1)
    assert file.read_text() == OLD
    apply(proposal, wait_s=0)
    assert file.read_text() == NEW


def test_whoever_waits_long_enough_goes_on(file):
    proposal = proposed(file)
    held, free = threading.Event(), threading.Event()

    def hold():
        with locked(file, wait_s=1):
            held.set()
            free.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    writer = threading.Thread(target=apply, args=(proposal,))
    writer.start()
    time.sleep(0.1)
    assert file.read_text() == OLD
    free.set()
    holder.join()
    writer.join()
    assert file.read_text() == NEW


def test_a_lock_file_that_a_killed_process_left_is_no_obstacle(file):
    lock = file.with_name(f".{file.name}.lock")
    lock.write_text("999999")
    apply(proposed(file), wait_s=0)
    assert file.read_text() == NEW
    assert not lock.exists()


def test_where_the_file_system_has_no_locks_the_comparison_has_to_do(file, monkeypatch):
    def unsupported(handle, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    apply(proposed(file))
    assert file.read_text() == NEW


def test_of_many_writers_at_once_each_is_done_or_refused(file):
    """Every thread counts up by one, and proposes anew when it was too late: no count is lost."""
    file.write_text("count = 0\n")

    def count_up():
        for _ in range(10):
            while True:
                before = file.read_text()
                after = f"count = {int(before.split()[-1]) + 1}\n"
                try:
                    apply(proposed(file, after, before=Secret(before), keeps_backup=False), wait_s=60)
                except StaleProposalError:
                    continue
                break

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert file.read_text() == "count = 40\n"
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_writer_that_is_killed_leaves_a_whole_file(file, trials):
    """SIGKILL at 200 random moments: the file is whole, an old one or a new one, and nobody is kept waiting."""
    texts = {name: f"# {name}\n" * 5_000 for name in ("old", "new")}
    file.write_text(texts["old"])
    chance = random.Random(20261122)
    proposal = proposed(file, texts["new"])
    began = time.monotonic()
    apply(proposal)
    longest_s = time.monotonic() - began
    outcomes = []
    for _ in range(trials(200)):
        before = file.read_text()
        after = texts["new"] if before == texts["old"] else texts["old"]
        proposal = proposed(file, after)
        approval = proposal.approve(by="ann")
        ready, child = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(child, b".")
                proposal.apply(approval=approval)
            finally:
                os._exit(0)
        os.read(ready, 1)
        time.sleep(chance.uniform(0, longest_s))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(child)
        assert file.read_text() in (before, after)
        outcomes.append(file.read_text() == after)
        longest_s *= 0.8 if outcomes[-1] else 1.3  # about as many come too early as too late, however busy the machine
        for backup in backups(file):
            assert backup.read_text() in texts.values()
            backup.unlink()
    assert set(outcomes) == {True, False}, "every writer came too early or too late, so nothing was tried"
    apply(proposed(file, NEW), wait_s=0)


# --- passwords -------------------------------------------------------------------------------------------------------

SECRET = "hunter2"
PLACES = {
    "password": "[database.local]\npassword = 'hunter2'\n",
    "long password": "[database.local]\npassword = '''\nhunter2\n'''\nport = 1\n",
    "url": "[database.local]\nurl = 'postgresql://u:hunter2@h/d'\n",
    "shared": "[database]\npassword = 'hunter2'\n",
    "inline": "[database]\nlocal = {host = 'h', password = 'hunter2', port = 1}\n",
    "dotted": "database.local.password = 'hunter2'\n",
    "in a misspelt key": "[database.local]\npasword = 'hunter2'\n",
    "in a misspelt table": "[databse.local]\npass = ['hunter2', {b = 'hunter2'}]\n",
    "url as host": "[database.local]\nhost = 'postgresql://u:hunter2@h/d'\n",
    "in a command": "[database.local]\npassword_command = ['echo', 'hunter2']\n",
    "in a comment": "[database.local]\nhost = 'h' # password = hunter2\n",
    "in a comment of its own": "[database.local]\n# password: 'hunter2'\n# url = 'postgres://u:hunter2@h/d'\n",
    "in a comment beside it": "[database.local]\npassword = 'hunter2' # not hunter2!\n",
    "in a broken file": "[database.local]\npassword = 'hunter2'\nurl = postgres://u:hunter2@h/d\nbroken\n",
    "with a byte order mark": "\ufeff[database.local]\r\npassword = 'hunter2'\r\n",
}


@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES)
def test_no_password_is_shown(file, text, caplog):
    """As the old text, as the new one, and as context."""
    caplog.set_level(logging.DEBUG)
    for before, after in [(text, OLD), (OLD, text), (text, text + "# x\n"), (text, "# x\n" + text)]:
        file.write_text(before, newline="")
        proposal = proposed(file, after)
        done = apply(proposal)
        document = proposal.to_document()
        from pgops.render.text import to_text

        shown = [proposal.diff, repr(proposal), str(proposal), repr(document), to_text(document), repr(done), str(done)]
        shown += [json.dumps(as_json(attrs.asdict(done))), caplog.text, "".join(proposal.statements)]
        assert all(SECRET not in each for each in shown)
        assert proposal.diff
        for backup in backups(file):
            backup.unlink()


def test_the_difference_has_a_line_for_each_of_the_files():
    before, after = Secret("a = 1\npassword = '''\none\ntwo\n'''\nb = 2"), Secret("a = 1\npassword = 'x'\nb = 2\n")
    assert masked_difference(before, after, "x.toml") == (
        *("--- x.toml", "+++ x.toml", "@@ -1,6 +1,3 @@", " a = 1"),
        '-password = "********"',
        *("-", "-", "-", "-b = 2\n\\ No newline at end of file"),
        *('+password = "********"', "+b = 2"),
    )


def test_what_is_no_password_is_shown():
    text = '[database.local]\nhost = "db" # the big one: really\nuser = "ann"\ndescription = "a, b"\n'
    shown = masked_difference(None, Secret(text), "x")
    assert [line[1:] for line in shown[3:]] == text.splitlines()
