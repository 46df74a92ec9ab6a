-- since: 15
CREATE TABLE listed (a int PRIMARY KEY, b int);
CREATE TABLE filtered (a int PRIMARY KEY, b int);
CREATE TABLE full_filtered (a int, b int);
ALTER TABLE full_filtered REPLICA IDENTITY FULL;
CREATE TABLE partitioned (a int PRIMARY KEY, b int) PARTITION BY RANGE (a);
CREATE TABLE partition (b int, a int NOT NULL, PRIMARY KEY (a));
ALTER TABLE partitioned ATTACH PARTITION partition FOR VALUES FROM (0) TO (9);
CREATE TABLE inserted (a int PRIMARY KEY, b int);
CREATE PUBLICATION good_list FOR TABLE listed (a), filtered WHERE (a > 0), full_filtered WHERE (b > 0);
CREATE PUBLICATION good_partition FOR TABLE partitioned WHERE (a > 0) WITH (publish_via_partition_root = true);
CREATE PUBLICATION good_inserts FOR TABLE inserted (b) WITH (publish = 'insert');
