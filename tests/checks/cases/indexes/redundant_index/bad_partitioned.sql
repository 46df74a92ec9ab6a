-- finds: public.t_a
-- finds: public.t_1_local
CREATE TABLE t (a int, b int, day int, PRIMARY KEY (day, a)) PARTITION BY RANGE (day);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20);
CREATE INDEX t_a ON t (a);
CREATE INDEX t_a_b ON t (a, b);
CREATE INDEX t_1_local ON t_1 (day);
