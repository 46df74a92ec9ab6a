-- finds: random_page_cost
-- limits: min_reads=1000000000
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET random_page_cost = 4', current_database());
END $$;
