-- since: 15
-- finds: public.listed
-- finds: public.filtered
-- finds: public.full_listed
-- finds: public."par tition %s {x}"
-- fix: not run
CREATE TABLE listed (a int PRIMARY KEY, b int);
CREATE TABLE filtered (a int PRIMARY KEY, b int);
CREATE TABLE full_listed (a int, b int);
ALTER TABLE full_listed REPLICA IDENTITY FULL;
CREATE TABLE partitioned (a int PRIMARY KEY, b int) PARTITION BY RANGE (a);
-- its columns are at other places
CREATE TABLE "par tition %s {x}" (gone int, b int, a int NOT NULL, PRIMARY KEY (a));
ALTER TABLE "par tition %s {x}" DROP COLUMN gone;
ALTER TABLE partitioned ATTACH PARTITION "par tition %s {x}" FOR VALUES FROM (0) TO (9);
CREATE PUBLICATION bad_list FOR TABLE listed (b), full_listed (a);
CREATE PUBLICATION bad_filter FOR TABLE filtered WHERE (b > 0);
CREATE PUBLICATION bad_partition FOR TABLE partitioned WHERE (b > 0) WITH (publish_via_partition_root = true);
