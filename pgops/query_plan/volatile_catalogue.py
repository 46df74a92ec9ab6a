"""The short list: which of PostgreSQL's own volatile functions may run unasked, and which calm ones may not.

Decided one by one from pg_proc of 14 and 18. A name counts in pg_catalog only, for functions that came with the server:
`public.random()` is another function.
"""

from __future__ import annotations

_HARMLESS = (
    # What the clock or chance says, and what a session has been given already.
    """
    clock_timestamp timeofday timezone random random_normal gen_random_uuid uuidv4 uuidv7 array_sample array_shuffle
    currval lastval pg_sequence_last_value pg_get_sequence_data current_query lo_get txid_status pg_xact_status
    pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_last_committed_xact pg_get_multixact_members
    """
    # Waits and does nothing else: statement_timeout ends it, and the locks held meanwhile stop no one who reads or
    # writes.
    " pg_sleep pg_sleep_for pg_sleep_until"
    # Sizes and shapes.
    """
    pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size pg_tablespace_size
    pg_partition_tree pg_partition_ancestors
    """
    # Where the server stands.
    """
    pg_is_in_recovery pg_is_in_backup pg_is_wal_replay_paused pg_get_wal_replay_pause_state pg_last_wal_receive_lsn
    pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_current_wal_lsn pg_current_wal_insert_lsn
    pg_current_wal_flush_lsn pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system
    pg_collation_actual_version pg_database_collation_actual_version pg_current_logfile pg_jit_available
    pg_available_wal_summaries pg_get_wal_summarizer_state pg_wal_summary_contents pg_get_wal_resource_managers
    pg_get_loaded_modules pg_get_wait_events pg_get_aios pg_notification_queue_usage
    """
    # What the system's own views are made of.
    """
    pg_lock_status pg_blocking_pids pg_safe_snapshot_blocking_pids pg_prepared_xact pg_show_all_file_settings
    pg_hba_file_rules pg_ident_file_mappings pg_show_replication_origin_status pg_replication_origin_progress
    pg_replication_origin_session_progress pg_replication_origin_session_is_setup pg_get_backend_memory_contexts
    pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_stat_get_backend_io pg_stat_get_backend_wal
    pg_stat_get_io pg_stat_get_recovery_prefetch pg_stat_have_stats pg_stat_get_xact_blocks_fetched
    pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time
    pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted
    pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
    pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated
    """
    # Names and sizes of files, not what is in them: to open a named pipe may take for ever (pg_read_file).
    """
    pg_ls_dir pg_ls_archive_statusdir pg_ls_logdir pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir
    pg_ls_summariesdir pg_ls_tmpdir pg_ls_waldir pg_stat_file
    """
    # How TABLESAMPLE takes its rows: declared volatile since chance is in it.
    " bernoulli system"
)
HARMLESS = frozenset(_HARMLESS.split())

_TOLD = (
    # They read a relation that is handed over, which may be a view with anything in it.
    """
    table_to_xml table_to_xml_and_xmlschema schema_to_xml schema_to_xml_and_xmlschema database_to_xml
    database_to_xml_and_xmlschema
    """
    # They read a value of a type that is handed over, which may be a domain with any function in its CHECK.
    """
    pg_input_is_valid pg_input_error_info domain_in domain_recv record_in record_recv array_in array_recv range_in
    range_recv multirange_in multirange_recv
    """
)
RUN_WHAT_THEY_ARE_TOLD = frozenset(_TOLD.split())
"""Of pg_catalog, not volatile, and yet no telling what they call."""

EXTENSIONS_RUN_SQL = frozenset({
    ("tablefunc", "crosstab"),
    ("tablefunc", "crosstab2"),
    ("tablefunc", "crosstab3"),
    ("tablefunc", "crosstab4"),
    ("tablefunc", "connectby"),
    ("xml2", "xpath_table"),
})  # fmt: skip
"""Functions of contrib that run SQL which is handed over as text, and are declared stable."""

NOT_UNDONE = {
    "pg_advisory_lock": "others wait for the advisory lock until the session is closed, right after the rollback",
    "pg_advisory_lock_shared": "others wait for the advisory lock until the session is closed",
    "pg_try_advisory_lock": "others wait for the advisory lock until the session is closed",
    "pg_try_advisory_lock_shared": "others wait for the advisory lock until the session is closed",
    "pg_terminate_backend": "a session that was ended stays ended",
    "pg_cancel_backend": "a statement that was cancelled stays cancelled",
    "pg_reload_conf": "the server reads its settings anew",
    "pg_rotate_logfile": "the log file stays rotated",
    "pg_switch_wal": "the WAL file stays switched",
    "pg_promote": "a standby stays promoted",
    "pg_create_restore_point": "the restore point stays in the WAL",
    "pg_logical_emit_message": "a message that is not transactional stays in the WAL",
    "pg_logical_slot_get_changes": "the slot's changes stay consumed",
    "pg_logical_slot_get_binary_changes": "the slot's changes stay consumed",
    "pg_replication_slot_advance": "the slot stays advanced",
    "pg_drop_replication_slot": "the slot stays dropped",
    "pg_create_physical_replication_slot": "the slot stays there",
    "pg_create_logical_replication_slot": "the slot stays there",
    "pg_stat_reset": "the statistics stay reset",
    "pg_stat_reset_shared": "the statistics stay reset",
    "lo_export": "the file on the server stays written",
    "nextval": "the sequence stays advanced",
    "setval": "the sequence stays set",
}
"""Of pg_catalog's volatile functions: what a rollback does not take back."""
