-- finds: random_page_cost
-- finds: deadlock_timeout
-- finds: vacuum_freeze_min_age
-- finds: max_parallel_workers_per_gather
-- finds: work_mem
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET random_page_cost = 0.5', current_database());
  EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''200ms''', current_database());
  EXECUTE format('ALTER DATABASE %I SET vacuum_freeze_min_age = 150000000', current_database());
  EXECUTE format('ALTER DATABASE %I SET max_parallel_workers_per_gather = 20', current_database());
  EXECUTE format('ALTER DATABASE %I SET work_mem = ''256MB''', current_database());
END $$;
