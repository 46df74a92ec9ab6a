-- The same with the default limit, 400 MB a second.
CREATE TABLE large (a int) WITH (autovacuum_enabled = false);
UPDATE pg_class SET relpages = 2000000000 WHERE oid = 'large'::regclass;
