DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''30s''', current_database());
  EXECUTE format('ALTER DATABASE %I SET lock_timeout = 1000', current_database());
  EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = ''1min''', current_database());
END $$;
