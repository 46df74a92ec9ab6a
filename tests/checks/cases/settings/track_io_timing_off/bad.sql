-- fix: runs
-- finds: track_io_timing
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET track_io_timing = off', current_database());
END $$;
