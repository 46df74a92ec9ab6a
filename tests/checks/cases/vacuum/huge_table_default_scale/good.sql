CREATE TABLE large (a int);
UPDATE pg_class SET reltuples = 9000000 WHERE oid = 'large'::regclass;
CREATE TABLE own_scale (a int) WITH (autovacuum_vacuum_scale_factor = 0.01);
UPDATE pg_class SET reltuples = 500000000 WHERE oid = 'own_scale'::regclass;
CREATE TABLE own_threshold (a int) WITH (autovacuum_vacuum_threshold = 100000);
UPDATE pg_class SET reltuples = 500000000 WHERE oid = 'own_threshold'::regclass;
-- Its parts are what is vacuumed.
CREATE TABLE partitioned (a int) PARTITION BY LIST (a);
UPDATE pg_class SET reltuples = 500000000 WHERE oid = 'partitioned'::regclass;
