"""Option that hides damage, breaks consistency or is for developers only.

Such options are for a few minutes of rescue or debugging, and are forgotten then. CRITICAL are those that destroy or
hide: ignore_checksum_failure and zero_damaged_pages let a query go on over damaged pages (the latter empties them, and
the next VACUUM writes that down), ignore_invalid_pages lets recovery do so, session_replication_role switches foreign
keys and triggers off for all. A WARNING are those that change what SQL means or leave the server exposed; INFO are
those that only cost time.

A false alarm: right now, somebody is at work on a rescue. Values that stand on this role or database count as well.

Manual: section 19.17, "Developer Options"; section 19.13 on compatibility.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import Rule, Setting, be, judge_by, not_be, settings_sql, target_of
from pgops.findings import Severity

if TYPE_CHECKING:
    from pgops.checks.settings._reading import Rules

_CRITICAL, _WARNING = Severity.CRITICAL, Severity.WARNING

_RULES: Rules = {
    "ignore_checksum_failure": Rule(
        wrong=be("on"),
        severity=_CRITICAL,
        why="damaged pages are read as if they were whole, and damage spreads unseen",
        better="off",
    ),
    "zero_damaged_pages": Rule(
        wrong=be("on"), severity=_CRITICAL, why="a damaged page is emptied, and its rows are lost", better="off"
    ),
    "ignore_invalid_pages": Rule(
        wrong=be("on"),
        severity=_CRITICAL,
        why="recovery passes over changes to pages that are missing, which loses data silently",
        better="off",
    ),
    "session_replication_role": Rule(
        wrong=not_be("origin"),
        severity=_CRITICAL,
        why="foreign keys are not enforced and ordinary triggers do not fire",
        better="origin",
    ),
    "row_security": Rule(
        wrong=be("off"),
        severity=_WARNING,
        why="queries on tables with row security fail instead of being filtered",
        better="on",
    ),
    "ignore_system_indexes": Rule(
        wrong=be("on"),
        severity=_WARNING,
        why="catalogues are read without their indexes, which is slow and meant for repairs",
        better="off",
    ),
    "allow_system_table_mods": Rule(
        wrong=be("on"),
        severity=_WARNING,
        why="a superuser's slip can change the structure of system catalogues",
        better="off",
    ),
    "allow_in_place_tablespaces": Rule(
        wrong=be("on"), severity=_WARNING, why="it is for PostgreSQL's own tests", better="off"
    ),
    "restart_after_crash": Rule(
        wrong=be("off"),
        severity=_WARNING,
        why="after a crash of one backend the server stays down until somebody, or a cluster manager, starts it",
        better="on",
    ),
    "remove_temp_files_after_crash": Rule(
        wrong=be("off"), why="temporary files of crashed sessions stay and fill the disk", better="on"
    ),
    "data_sync_retry": Rule(
        wrong=be("on"),
        severity=_WARNING,
        why="after a failed flush the server goes on, and on most systems the data are lost by then",
        better="off",
    ),
    "exit_on_error": Rule(wrong=be("on"), severity=_WARNING, why="any error ends the session", better="off"),
    "standard_conforming_strings": Rule(
        wrong=be("off"),
        severity=_WARNING,
        why="backslashes in ordinary strings are escapes, which clients do not expect: SQL injection comes that way",
        better="on",
    ),
    "transform_null_equals": Rule(
        wrong=be("on"), severity=_WARNING, why="`x = NULL` means something else than SQL says", better="off"
    ),
    "array_nulls": Rule(
        wrong=be("off"), severity=_WARNING, why="NULL in an array is read as the text NULL", better="on"
    ),
    "lo_compat_privileges": Rule(
        wrong=be("on"), severity=_WARNING, why="everybody may read and write every large object", better="off"
    ),
    "backslash_quote": Rule(
        wrong=be("on"),
        severity=_WARNING,
        why="\\' in a string is an open door for SQL injection in some encodings",
        better="safe_encoding",
    ),
    "force_parallel_mode": Rule(wrong=not_be("off"), why="queries are made parallel against all reason", better="off"),
    "debug_parallel_query": Rule(wrong=not_be("off"), why="queries are made parallel against all reason", better="off"),
    "debug_discard_caches": Rule(
        wrong=not_be("0"), severity=_WARNING, why="caches are thrown away at every chance", better="0"
    ),
    "debug_io_direct": Rule(
        wrong=not_be(""), severity=_WARNING, why="direct I/O is unfinished and makes the server slow", better=""
    ),
    "debug_logical_replication_streaming": Rule(
        wrong=not_be("buffered"), why="every change is streamed or spilled at once", better="buffered"
    ),
    "wal_consistency_checking": Rule(wrong=not_be(""), why="WAL carries images of every page that changes", better=""),
    "post_auth_delay": Rule(wrong=not_be("0"), why="every new session waits for so long", better="0"),
    "pre_auth_delay": Rule(wrong=not_be("0"), why="every new session waits for so long", better="0"),
    "jit_debugging_support": Rule(wrong=be("on"), why="it costs memory and is for a debugger", better="off"),
    "jit_dump_bitcode": Rule(wrong=be("on"), why="every compiled query writes files to the data folder", better="off"),
    "jit_profiling_support": Rule(wrong=be("on"), why="it writes files for a profiler", better="off"),
    "send_abort_for_crash": Rule(wrong=be("on"), why="each crash writes a core file of every process", better="off"),
    "send_abort_for_kill": Rule(wrong=be("on"), why="it writes core files of stuck processes", better="off"),
}

CHECK = Check(
    id="settings.dangerous_option",
    aliases=("dangerous_settings",),
    doc=__doc__,
    row=Setting,
    judge=judge_by(_RULES),
    queries=[Query(since=14, sql=settings_sql(*_RULES))],
    target=target_of,
)
