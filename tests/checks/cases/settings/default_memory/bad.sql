-- finds: work_mem
-- limits: min_bytes=0
-- A fresh database is larger than 4 MB, and smaller than what the others come with.
SELECT 1;
