-- finds: idle_in_transaction_session_timeout
-- finds: lock_timeout
-- finds: statement_timeout
-- fix: not run
SELECT 1;
