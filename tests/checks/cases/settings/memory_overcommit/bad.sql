-- finds: work_mem
-- limits: memory_bytes=100000000
SELECT 1;
