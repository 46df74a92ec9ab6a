-- finds: public.large_2
-- limits: min_bytes=100000
CREATE TABLE small (a int);
CREATE INDEX small_1 ON small (a);
CREATE INDEX small_2 ON small (a);
CREATE TABLE large (a int);
INSERT INTO large SELECT generate_series(1, 10000);
CREATE INDEX large_1 ON large (a);
CREATE INDEX large_2 ON large (a);
