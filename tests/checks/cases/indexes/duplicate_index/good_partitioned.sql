CREATE TABLE t (a int, day int) PARTITION BY RANGE (day);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20);
CREATE INDEX t_a ON t (a);
CREATE INDEX t_day ON t (day);
-- a parent's index that lacks its parts is not valid, and equal to none
CREATE INDEX t_only ON ONLY t (a);
