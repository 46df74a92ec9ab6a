-- Equal types whatever their length, text and varchar, one that was dropped, partitions, which repeat their parent, and
-- keys of their own.
CREATE TABLE orders (id int, name varchar(20), price numeric(10, 2), gone int) ;
CREATE TABLE bills (id int, name text, price numeric, gone text);
ALTER TABLE bills DROP COLUMN gone;
CREATE TABLE parted (id int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE VIEW shown AS SELECT id::text FROM orders;
CREATE TABLE zones (key text PRIMARY KEY);
CREATE TABLE countries (key int PRIMARY KEY);
CREATE TABLE towns (key bigint, day date, PRIMARY KEY (key, day)) PARTITION BY RANGE (day);
