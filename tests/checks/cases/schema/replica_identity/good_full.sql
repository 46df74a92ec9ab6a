-- What has no key and FULL works, if slowly: another check tells of it.
CREATE TABLE whole (a int);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE partitioned (a int PRIMARY KEY) PARTITION BY RANGE (a);
CREATE TABLE partition_1 PARTITION OF partitioned FOR VALUES FROM (0) TO (9);
CREATE PUBLICATION good_full FOR TABLE whole, partitioned WITH (publish_via_partition_root = true);
