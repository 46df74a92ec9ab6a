-- limits: min_window_days=0
-- One that holds rows, one that somebody reads, one that rows went through, and partitions that wait for theirs.
CREATE TABLE held (id int);
INSERT INTO held VALUES (1);
CREATE TABLE read (id int PRIMARY KEY);
SELECT count(*) FROM read;
SELECT count(*) FROM read;
SELECT count(*) FROM read;
CREATE TABLE queue (id int);
INSERT INTO queue VALUES (1);
DELETE FROM queue;
CREATE TABLE parted (id int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
INSERT INTO child VALUES (1);
CREATE TEMPORARY TABLE t (id int);
-- PostgreSQL 14 tells its statistics late
SELECT pg_sleep(1.1);
SELECT pg_sleep(0.7);
