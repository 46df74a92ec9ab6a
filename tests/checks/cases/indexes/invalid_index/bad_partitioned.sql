-- finds: public.lacking
-- finds: public.t_1_broken
CREATE TABLE t (a int, day int) PARTITION BY RANGE (day);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20);
CREATE INDEX lacking ON ONLY t (a);
CREATE INDEX t_1_broken ON t_1 (a);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 't_1_broken'::regclass;
