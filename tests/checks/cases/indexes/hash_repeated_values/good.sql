-- Every value once, a few times, btree, a small table.
CREATE TABLE t (id int, few int, state int);
INSERT INTO t SELECT g, g % 3000, g % 5 FROM generate_series(1, 30000) AS g;
CREATE INDEX t_id ON t USING hash (id);
CREATE INDEX t_few ON t USING hash (few);
CREATE INDEX t_state ON t (state);
CREATE TABLE small (a int);
INSERT INTO small SELECT 1 FROM generate_series(1, 300) AS g;
CREATE INDEX small_a ON small USING hash (a);
-- Only its rare values are held.
CREATE TABLE jobs (status text);
INSERT INTO jobs SELECT CASE WHEN g % 1000 = 0 THEN 'new' ELSE 'done' END FROM generate_series(1, 30000) AS g;
CREATE INDEX jobs_status ON jobs USING hash (status) WHERE status <> 'done';
ANALYZE;
