-- fix: runs
-- finds: track_counts
-- finds: track_activities
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET track_counts = off', current_database());
  EXECUTE format('ALTER DATABASE %I SET track_activities = off', current_database());
END $$;
