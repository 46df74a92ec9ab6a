-- fix: runs
-- finds: enable_seqscan
-- finds: enable_hashjoin
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database());
  EXECUTE format('ALTER DATABASE %I SET enable_hashjoin = off', current_database());
  EXECUTE format('ALTER DATABASE %I SET enable_partitionwise_join = off', current_database());
END $$;
