-- Whole; indexes of single partitions; a foreign table among them; without partitions.
CREATE TABLE p (id int, a text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
CREATE INDEX ON p (a);
CREATE INDEX ON p1 (id);
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE far PARTITION OF p FOR VALUES FROM (20) TO (30) SERVER elsewhere;
CREATE INDEX ON p (id);
CREATE TABLE none (id int) PARTITION BY RANGE (id);
CREATE INDEX ON ONLY none (id);
