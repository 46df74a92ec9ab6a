-- finds: random_page_cost
-- limits: min_reads=1000000000
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET random_page_cost = 0.5', current_database());
  EXECUTE format('ALTER DATABASE %I SET seq_page_cost = 0.1', current_database());
END $$;
