-- limits: min_pages=50
-- In order, in falling order, by bloom, small, another method.
CREATE TABLE t (ordered int, falling int, scattered int);
INSERT INTO t SELECT g, -g, hashint4(g) FROM generate_series(1, 30000) AS g;
CREATE INDEX t_ordered ON t USING brin (ordered);
CREATE INDEX t_falling ON t USING brin (falling);
CREATE INDEX t_bloom ON t USING brin (scattered int4_bloom_ops);
CREATE INDEX t_btree ON t (scattered);
CREATE TABLE small (a int);
INSERT INTO small SELECT hashint4(g) FROM generate_series(1, 300) AS g;
CREATE INDEX small_a ON small USING brin (a);
ANALYZE;
