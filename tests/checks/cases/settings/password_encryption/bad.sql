-- fix: runs
-- finds: password_encryption
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET password_encryption = md5', current_database());
END $$;
