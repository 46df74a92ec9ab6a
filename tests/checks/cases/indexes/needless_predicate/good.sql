-- NULL may be there; IS NULL; of an expression.
CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL);
CREATE INDEX t_a ON t (a) WHERE a IS NOT NULL;
CREATE INDEX t_b ON t (b) WHERE b > 5;
CREATE INDEX t_null ON t (b) WHERE a IS NULL;
CREATE INDEX t_expression ON t (b) WHERE (a + b) IS NOT NULL;
-- Of a composite type it asks for every field.
CREATE TYPE pair AS (x int, y int);
CREATE TABLE composed (id int, c pair NOT NULL);
CREATE INDEX composed_c ON composed (id) WHERE c IS NOT NULL;
