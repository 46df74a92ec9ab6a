-- btree_gist and btree_gin bring the operator of the key to GiST and GIN; GIN reads any of its columns.
CREATE EXTENSION btree_gist;
CREATE EXTENSION btree_gin;
CREATE SCHEMA elsewhere;
CREATE EXTENSION citext SCHEMA elsewhere;
CREATE TABLE customer (id int PRIMARY KEY, code elsewhere.citext UNIQUE);
CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE by_gist (customer_id int REFERENCES customer, x int);
CREATE INDEX ON by_gist USING gist (customer_id, x);
CREATE TABLE by_gin (customer_id int REFERENCES customer, x int[]);
CREATE INDEX ON by_gin USING gin (x, customer_id);
CREATE TABLE pair_gin (a int, x int[], b int, FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX ON pair_gin USING gin (b, x, a);
CREATE TABLE any_case (code elsewhere.citext REFERENCES customer (code));
CREATE INDEX ON any_case (code);
