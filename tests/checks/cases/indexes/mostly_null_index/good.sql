-- limits: min_bytes=100000
-- Partial already; half of it there; small; unique; with a second column; an expression; not analysed yet.
CREATE TABLE t (id int, a int, b int, d int UNIQUE);
INSERT INTO t SELECT g, CASE WHEN g % 20 = 0 THEN g END, CASE WHEN g % 2 = 0 THEN g END, CASE WHEN g % 20 = 0 THEN g END
  FROM generate_series(1, 30000) AS g;
CREATE INDEX t_partial ON t (a) WHERE a IS NOT NULL;
CREATE INDEX t_half ON t (b);
CREATE INDEX t_two ON t (a, b);
CREATE INDEX t_expression ON t ((a + 1));
CREATE INDEX t_hash ON t USING hash (a);
CREATE TABLE clustered (a int);
INSERT INTO clustered SELECT CASE WHEN g % 20 = 0 THEN g END FROM generate_series(1, 30000) AS g;
CREATE INDEX clustered_a ON clustered (a);
CLUSTER clustered USING clustered_a;
CREATE TABLE small (a int);
INSERT INTO small SELECT NULL FROM generate_series(1, 100);
CREATE INDEX small_a ON small (a);
ANALYZE;
CREATE TABLE fresh (a int);
INSERT INTO fresh SELECT NULL FROM generate_series(1, 30000);
CREATE INDEX fresh_a ON fresh (a);
