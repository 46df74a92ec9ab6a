-- since: 17
-- finds: statement_timeout
-- finds: idle_in_transaction_session_timeout
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET transaction_timeout = ''1min''', current_database());
  EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''2min''', current_database());
  EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = ''1min''', current_database());
END $$;
