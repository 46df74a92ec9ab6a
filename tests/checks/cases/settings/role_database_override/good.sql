DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET work_mem = ''64MB''', current_database());
  EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''30s''', current_database());
  EXECUTE format('ALTER DATABASE %I SET enable_seqscan = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET app.enable_x = off', current_database());
  EXECUTE format('ALTER DATABASE %I SET search_path = "$user", public', current_database());
END $$;
