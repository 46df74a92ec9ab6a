-- fix: runs
-- finds: default_statistics_target
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET default_statistics_target = 10', current_database());
END $$;
