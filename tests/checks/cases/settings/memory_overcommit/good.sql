-- limits: memory_bytes=64000000000
SELECT 1;
