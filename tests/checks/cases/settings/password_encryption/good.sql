DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET password_encryption = ''scram-sha-256''', current_database());
END $$;
