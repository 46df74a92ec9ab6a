DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET track_io_timing = on', current_database());
END $$;
