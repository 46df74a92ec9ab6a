-- fix: runs
-- finds: session_replication_role
-- finds: zero_damaged_pages
-- finds: ignore_checksum_failure
-- finds: allow_system_table_mods
-- finds: transform_null_equals
-- finds: standard_conforming_strings
-- finds: lo_compat_privileges
-- finds: wal_consistency_checking
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database());
  EXECUTE format('ALTER DATABASE %I SET zero_damaged_pages = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET ignore_checksum_failure = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET allow_system_table_mods = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET transform_null_equals = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database());
  EXECUTE format('ALTER DATABASE %I SET lo_compat_privileges = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET wal_consistency_checking = ''heap''', current_database());
END $$;
