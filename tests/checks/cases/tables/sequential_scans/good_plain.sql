-- limits: min_window_days=0.0
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_indexonlyscan = off;
SET max_parallel_workers_per_gather = 0;
-- small; mostly by index; scanned a few times only, as by a dump; stopped early by LIMIT
CREATE TABLE small (a int);
INSERT INTO small SELECT generate_series(1, 9000);
CREATE TABLE by_index (a int PRIMARY KEY);
INSERT INTO by_index SELECT generate_series(1, 12000);
CREATE TABLE dumped (a int PRIMARY KEY);
INSERT INTO dumped SELECT generate_series(1, 12000);
CREATE TABLE stopped (a int PRIMARY KEY);
INSERT INTO stopped SELECT generate_series(1, 12000);
ANALYZE;
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM small; END LOOP; END $$;
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM by_index; END LOOP; END $$;
DO $$ BEGIN FOR n IN 1..7 LOOP PERFORM count(*) FROM dumped; END LOOP; END $$;
DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM FROM stopped LIMIT 1; END LOOP; END $$;
RESET ALL;
SET enable_seqscan = off;
DO $$ BEGIN FOR n IN 1..100 LOOP PERFORM FROM by_index WHERE a = 7; END LOOP; END $$;
SELECT pg_sleep(0.7);  -- 14 sends its counters to a collector, at most twice a second
