DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database());
END $$;
