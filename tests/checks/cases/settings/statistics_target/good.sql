DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET default_statistics_target = 500', current_database());
END $$;
