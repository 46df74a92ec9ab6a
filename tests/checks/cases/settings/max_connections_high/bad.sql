-- finds: max_connections
-- limits: info_connections=60
SELECT 1;
