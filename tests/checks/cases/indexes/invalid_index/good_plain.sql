CREATE TABLE t (a int PRIMARY KEY, b text, day int);
CREATE INDEX ON t (b);
-- names that only look like leftovers
CREATE INDEX t_b_ccnew ON t (b);
CREATE TABLE p (a int, day int) PARTITION BY RANGE (day);
CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE INDEX ON p (a);
CREATE TABLE empty (a int) PARTITION BY RANGE (a);
CREATE INDEX ON empty (a);
