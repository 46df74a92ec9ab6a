-- since: 17
-- finds: huge_pages
-- limits: min_bytes=0
SELECT 1;
