-- since: 15
-- finds: one.bare
-- finds: one.partition
CREATE SCHEMA one;
CREATE TABLE one.bare (a int);
CREATE TABLE one.keyed (a int PRIMARY KEY);
CREATE TABLE one.partitioned (a int) PARTITION BY RANGE (a);
CREATE TABLE one.partition PARTITION OF one.partitioned FOR VALUES FROM (0) TO (9);
CREATE TABLE elsewhere (a int);
CREATE PUBLICATION bad_of_schema FOR TABLES IN SCHEMA one;
