DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''5s''', current_database());
  EXECUTE format('ALTER DATABASE %I SET statement_timeout = ''1min''', current_database());
  EXECUTE format('ALTER DATABASE %I SET random_page_cost = 1', current_database());
END $$;
