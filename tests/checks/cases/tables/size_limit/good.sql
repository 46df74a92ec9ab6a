-- Large, but far from the limit; and a partitioned table, whose relpages is -1 once it was analysed.
CREATE TABLE half (a text) WITH (autovacuum_enabled = false);
UPDATE pg_class SET relpages = 2000000000 WHERE oid = 'half'::regclass;
CREATE TABLE more (a int) WITH (autovacuum_enabled = false);
UPDATE pg_class SET relpages = -1500000000 WHERE oid = 'more'::regclass;
CREATE TABLE partitioned (a int) PARTITION BY LIST (a);
CREATE TABLE part PARTITION OF partitioned FOR VALUES IN (1);
ANALYZE partitioned;
