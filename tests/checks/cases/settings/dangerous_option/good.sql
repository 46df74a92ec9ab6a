DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET session_replication_role = origin', current_database());
  EXECUTE format('ALTER DATABASE %I SET zero_damaged_pages = off', current_database());
  EXECUTE format('ALTER DATABASE %I SET work_mem = ''8MB''', current_database());
END $$;
