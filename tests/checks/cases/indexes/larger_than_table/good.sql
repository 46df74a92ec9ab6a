-- limits: min_bytes=200000
-- Smaller than its table, than what lies in TOAST, one so small that it does not matter,
-- and the key of a table of nothing else.
CREATE TABLE t (id int, b text) WITH (autovacuum_enabled = false);
INSERT INTO t SELECT g, 'x' FROM generate_series(1, 40000) AS g;
CREATE INDEX t_id ON t (id);
CREATE TABLE documents (id int, body text) WITH (autovacuum_enabled = false);
ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
INSERT INTO documents SELECT g, repeat('x', 5000) FROM generate_series(1, 2000) AS g;
CREATE INDEX documents_body ON documents (id, left(body, 1000)) WITH (fillfactor = 20);
CREATE TABLE small (id int) WITH (autovacuum_enabled = false);
INSERT INTO small VALUES (1);
CREATE INDEX small_id ON small (id);
CREATE TABLE joins (a text, b text, PRIMARY KEY (b, a)) WITH (autovacuum_enabled = false);
INSERT INTO joins SELECT md5(g::text), md5((g * 7)::text) FROM generate_series(1, 20000) AS g;
VACUUM ANALYZE;
