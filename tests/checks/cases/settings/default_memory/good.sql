-- limits: min_bytes=0
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database());
END $$;
