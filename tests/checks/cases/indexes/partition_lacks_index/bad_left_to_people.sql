-- finds: public.p1
-- finds: public.sub
-- finds: public.sub_1
-- finds: public.k1
-- fix: not run
CREATE TABLE p (id int, a text, b int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE INDEX p_a ON ONLY p (lower(a)) WHERE b > 1;
CREATE TABLE q (id int, a text) PARTITION BY RANGE (id);
CREATE TABLE sub PARTITION OF q FOR VALUES FROM (0) TO (10) PARTITION BY LIST (a);
CREATE TABLE sub_1 PARTITION OF sub FOR VALUES IN ('x');
CREATE INDEX q_a ON ONLY q (a);
CREATE INDEX sub_id ON ONLY sub (id);
CREATE TABLE k (id int) PARTITION BY RANGE (id);
CREATE TABLE k1 PARTITION OF k FOR VALUES FROM (0) TO (10);
ALTER TABLE ONLY k ADD CONSTRAINT k_unique UNIQUE (id);
