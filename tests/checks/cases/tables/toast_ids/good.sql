CREATE TABLE toasted (a text) WITH (autovacuum_enabled = false);
UPDATE pg_class SET reltuples = 1e9 WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'toasted'::regclass);
CREATE TABLE many_rows (a text) WITH (autovacuum_enabled = false);
UPDATE pg_class SET reltuples = 9e9 WHERE oid = 'many_rows'::regclass;
