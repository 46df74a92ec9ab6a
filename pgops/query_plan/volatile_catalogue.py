"""The short list: which of PostgreSQL's own volatile functions may run unasked, and which calm ones may not.

Decided one by one from pg_proc of 14 and 18. A name counts in pg_catalog only, for functions that came with the server:
`public.random()` is another function. Contrib's have a list of their own.
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

NOT_CALM = dict.fromkeys(("pg_current_xact_id", "txid_current"), "takes a transaction id")
"""Of pg_catalog, declared stable, and yet not without effect. (`..._if_assigned` only looks.)"""

# By the extension that owns the function (pg_depend), decided one by one from contrib of 14 and 18, and HypoPG 1.4.
# Not here, though they only read: bt_index_check and its like, which run the functions of an index's expressions, and
# dblink, which asks other servers.
_OF_EXTENSIONS = {
    "dblink": "dblink_current_query dblink_get_connections dblink_get_pkey",
    "hypopg": "hypopg hypopg_get_indexdef hypopg_hidden_indexes hypopg_relation_size",
    "intagg": "int_agg_state int_agg_final_array",
    "old_snapshot": "pg_old_snapshot_time_mapping",
    "pageinspect": """
        brin_metapage_info brin_page_items brin_page_type brin_revmap_data bt_metap bt_multi_page_stats bt_page_items
        bt_page_stats fsm_page_contents get_raw_page gin_leafpage_items gin_metapage_info gin_page_opaque_info
        gist_page_items gist_page_items_bytea gist_page_opaque_info hash_bitmap_info hash_metapage_info hash_page_items
        hash_page_stats hash_page_type heap_page_item_attrs heap_page_items heap_tuple_infomask_flags page_checksum
        page_header tuple_data_split
    """,
    "pg_buffercache": """
        pg_buffercache_numa_pages pg_buffercache_pages pg_buffercache_summary pg_buffercache_usage_counts
    """,
    "pg_freespacemap": "pg_freespace",
    "pg_logicalinspect": "pg_get_logical_snapshot_info pg_get_logical_snapshot_meta",
    "pg_stat_statements": "pg_stat_statements pg_stat_statements_info",
    "pg_visibility": """
        pg_check_frozen pg_check_visible pg_visibility pg_visibility_map pg_visibility_map_summary
    """,
    "pg_walinspect": "pg_get_wal_block_info pg_get_wal_record_info pg_get_wal_records_info pg_get_wal_stats",
    "pgcrypto": """
        fips_mode gen_random_bytes gen_random_uuid gen_salt pgp_pub_encrypt pgp_pub_encrypt_bytea pgp_sym_encrypt
        pgp_sym_encrypt_bytea
    """,
    "pgrowlocks": "pgrowlocks",
    "pgstattuple": """
        pg_relpages pgstatginindex pgstathashindex pgstatindex pgstattuple pgstattuple_approx
    """,
    "postgres_fdw": "postgres_fdw_get_connections",
    "sslinfo": """
        ssl_cipher ssl_client_cert_present ssl_client_dn ssl_client_dn_field ssl_client_serial ssl_extension_info
        ssl_is_used ssl_issuer_dn ssl_issuer_field ssl_version
    """,
    "tablefunc": "normal_rand",
    "tsm_system_rows": "system_rows",
    "tsm_system_time": "system_time",
    "uuid-ossp": "uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4",
}
HARMLESS_OF_EXTENSIONS = frozenset((owner, each) for owner, names in _OF_EXTENSIONS.items() for each in names.split())
"""Extension and function: volatile for no better reason than that it is the default, chance, or the state they read."""

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
    **dict.fromkeys(NOT_CALM, "the transaction id stays used"),
    "nextval": "the sequence stays advanced",
    "setval": "the sequence stays set",
}
"""Of pg_catalog's functions: what a rollback does not take back."""
