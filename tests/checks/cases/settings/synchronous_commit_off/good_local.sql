DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET synchronous_commit = local', current_database());
END $$;
