-- finds: work_mem
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET effective_cache_size = ''64MB''', current_database());
END $$;
