"""What good practice asks for, topic by topic, and which checks watch over it: docs/best-practices.md is made of this.

Every check that judges serves a practice: docs/generate.py refuses one that none names, and a name that is no check.
"""

from __future__ import annotations

PRACTICES: dict[str, dict[str, str]] = {
    "Keys and constraints": {
        "Give every table a primary key, or at least a unique one": "schema.no_primary_key schema.no_unique_key",
        "Give every published table a replica identity that is there": (
            "schema.replica_identity schema.replica_identity_full"
        ),
        "Let a foreign key have the type of the key that it references": "schema.foreign_key_type_mismatch",
        "Declare a foreign key once, and leave none of its columns half NULL": (
            "schema.duplicate_foreign_key schema.nullable_composite_foreign_key schema.foreign_key_sets_not_null "
            "schema.circular_foreign_key"
        ),
        "Finish what a migration began: validate constraints, enforce them, turn triggers on again": (
            "schema.constraint_not_valid schema.constraint_not_enforced schema.disabled_trigger "
            "schema.disabled_event_trigger schema.detach_pending_partition"
        ),
        "Make keys bigint from the start, and know how far they have come": "sequences.exhaustion",
        "Say each rule once": "schema.redundant_check_constraint schema.wide_composite_key",
        "Partition with the next partition made, and nothing in the default one": (
            "schema.partition_premake schema.default_partition_rows schema.inheritance"
        ),
    },
    "Types and names": {
        "Use text, timestamptz, jsonb and numeric rather than what they replaced": (
            "schema.discouraged_type schema.uuid_as_text schema.serial_column"
        ),
        "Let one name mean one type, and names need no quotes": ("schema.column_type_drift schema.awkward_name"),
        "Say in a comment what a table holds": "schema.missing_comment",
        "Clear away what nobody uses, and split what has grown too wide": (
            "schema.empty_never_read_table schema.too_many_columns schema.unpopulated_view"
        ),
        "Know what a crash and an upgrade would cost": (
            "schema.unlogged_table schema.upgrade_blocker schema.outdated_extension"
        ),
        "Declare functions as constant as they are, in languages that are trusted": (
            "schema.function_volatility schema.untrusted_language"
        ),
    },
    "Indexes": {
        "Index every foreign key on the side that refers": "indexes.missing_fk_index",
        "Keep one index for one purpose": "indexes.duplicate_index indexes.redundant_index",
        "Drop what nothing reads, on no server of the cluster": "indexes.unused_index",
        "Clean up after CREATE INDEX CONCURRENTLY and REINDEX that failed": "indexes.invalid_index",
        "Let no query read a large table from end to end": "tables.sequential_scans",
    },
    "Vacuum and bloat": {
        "Leave autovacuum on, everywhere": (
            "vacuum.autovacuum_off vacuum.autovacuum_disabled vacuum.hindering_parameter settings.tracking_off"
        ),
        "Give it enough workers and speed for the tables there are": (
            "vacuum.workers_saturated vacuum.slow_cost_limit vacuum.throttled_vacuum vacuum.overdue vacuum.dead_tuples "
            "vacuum.never_vacuumed"
        ),
        "Set scale factors of their own for very large tables": "vacuum.huge_table_default_scale",
        "Keep statistics fresh": (
            "vacuum.never_analyzed vacuum.stale_statistics settings.statistics_target "
            "schema.extended_statistics_not_built"
        ),
        "Freeze long before the ids run out": (
            "vacuum.database_xid_age vacuum.table_xid_age vacuum.database_multixact_age vacuum.table_multixact_age "
            "vacuum.multixact_members vacuum.wraparound_vacuum vacuum.orphaned_temp_table"
        ),
        "Keep tables and their maps lean": (
            "tables.estimated_bloat tables.measured_bloat tables.hot_ratio tables.new_page_updates "
            "tables.visibility_map tables.toast_heavy"
        ),
    },
    "Transactions and locks": {
        "Keep transactions short, and never wait for a user inside one": (
            "activity.idle_in_transaction activity.long_transaction activity.long_running_query"
        ),
        "Know who blocks whom, and for how long": (
            "locks.blocking_chain locks.lock_wait locks.waiting_sessions locks.lock_table_saturation"
        ),
        "Lock in one order, and try again after a deadlock": "locks.deadlocks activity.rollback_ratio",
        "Let nothing hold back VACUUM's horizon": "activity.xmin_horizon",
        "Finish every prepared transaction, or do without two-phase commit": "locks.abandoned_prepared_transaction",
        "Set timeouts for statements, locks and idle transactions": "settings.timeouts_unset",
    },
    "Queries": {
        "Run pg_stat_statements, and look at it": (
            "queries.statements_unavailable queries.statements_evicted queries.slow_query"
        ),
        "Give queries the memory that they need": "queries.cache_hit_ratio queries.temp_files",
        "Measure how long reads and writes take": "settings.track_io_timing_off",
        "Switch no kind of plan off for everybody": "settings.planner_switch_off settings.random_page_cost_high",
    },
    "Replication and WAL": {
        "Leave no slot behind, and bound what one may keep": (
            "replication.inactive_slot replication.slot_retains_wal replication.slot_lost "
            "replication.slot_wal_uncapped replication.slots_near_max"
        ),
        "Watch that standbys and subscriptions keep up": (
            "replication.wal_receiver_down replication.replay_paused replication.subscription_down "
            "activity.recovery_conflicts"
        ),
        "Archive WAL, and notice when that fails": "wal.archiving_off wal.archiving_failing wal.pg_wal_size",
        "Let the clock decide when to checkpoint": "wal.forced_checkpoints",
    },
    "Connections": {
        "Pool connections, and bound the pool": (
            "connections.saturation connections.oversized_pool connections.short_sessions connections.long_idle "
            "connections.pgbouncer_waiting connections.pgbouncer_saturated settings.max_connections_high"
        ),
        "Keep a slot for the one who mends": "connections.reserved_slots",
        "Let applications say good-bye": "connections.abandoned_sessions",
    },
    "Settings": {
        "Never trade durability for speed unawares": (
            "settings.fsync_off settings.full_page_writes_off settings.synchronous_commit_off settings.dangerous_option"
        ),
        "Give the server the memory that there is, and not more": (
            "settings.default_memory settings.memory_overcommit settings.huge_pages_unused"
        ),
        "Let the files say what is in force": (
            "settings.pending_restart settings.file_error settings.file_not_reloaded settings.config_overridden "
            "settings.contradiction settings.role_database_override"
        ),
        "Log what you will want to know": "settings.logging",
        "Run a supported version, with its newest minor release": (
            "settings.version_end_of_life settings.minor_outdated settings.removed_setting"
        ),
    },
    "Security": {
        "Let few be superusers, or as good as": (
            "security.superuser security.powerful_role security.dangerous_membership"
        ),
        "Store passwords as SCRAM, let them expire, keep them out of files": (
            "security.role_password security.expiring_role settings.password_encryption security.config_file "
            "security.subscription_password security.public_user_mapping"
        ),
        "Trust no network, and encrypt what crosses one": ("security.weak_hba security.tls_off security.tls_unused"),
        "Give PUBLIC nothing": (
            "security.public_schema_create security.public_table_privilege security.default_privileges_to_public "
            "security.extension_in_public"
        ),
        "Fence SECURITY DEFINER functions in": (
            "security.security_definer_search_path security.security_definer_public_execute"
        ),
        "Let row security hold, and be cheap": (
            "security.rls_without_policy security.policy_without_rls security.policy_always_true "
            "security.rls_not_forced security.view_bypasses_rls security.materialized_view_over_rls "
            "security.multiple_permissive_policies security.policy_reevaluated_per_row"
        ),
    },
    "Storage": {
        "Turn data checksums on, and act on the first failure": "storage.checksums_off storage.checksum_failures",
        "Know what grows, and how much room is left": (
            "storage.disk_free storage.relation_growth storage.too_many_relations storage.orphaned_large_objects "
            "tables.size_limit tables.toast_ids"
        ),
    },
}
