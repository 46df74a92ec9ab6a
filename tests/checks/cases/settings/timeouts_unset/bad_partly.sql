-- finds: idle_in_transaction_session_timeout
-- finds: lock_timeout
-- fix: not run
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''30s''', current_database());
  EXECUTE format('ALTER DATABASE %I SET lock_timeout = 0', current_database());
END $$;
