-- limits: min_bytes=100000
-- More columns, one more included, only some rows, small.
CREATE TABLE t (id int, b bool);
INSERT INTO t SELECT g, g % 100 = 0 FROM generate_series(1, 30000) AS g;
CREATE INDEX t_two ON t (b, id);
CREATE INDEX t_included ON t (b) INCLUDE (id);
CREATE INDEX t_partial ON t (b) WHERE id > 5;
CREATE INDEX t_other ON t (id) WHERE b;
CREATE TABLE small (b bool);
CREATE INDEX small_b ON small (b);
ANALYZE;
