DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET effective_cache_size = ''48GB''', current_database());
END $$;
