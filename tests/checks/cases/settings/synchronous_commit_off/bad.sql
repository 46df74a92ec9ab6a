-- finds: synchronous_commit
-- fix: not run
-- The servers of the tests have it off as well, so the remedy for this database would not be enough.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
END $$;
