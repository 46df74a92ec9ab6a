-- since: 17
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET transaction_timeout = ''1h''', current_database());
  EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''5s''', current_database());
END $$;
