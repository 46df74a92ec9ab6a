CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE triple (a int, b int, c int, PRIMARY KEY (a, b, c));

CREATE TABLE ahead (customer_id int REFERENCES customer, other int);
CREATE INDEX ON ahead (customer_id, other);

CREATE TABLE descending (customer_id int REFERENCES customer);
CREATE INDEX ON descending (customer_id DESC NULLS LAST);

-- any order of the key's columns
CREATE TABLE turned (a int, b int, FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX ON turned (b, a);
CREATE TABLE turned_three (a int, b int, c int, d int, FOREIGN KEY (a, b, c) REFERENCES triple);
CREATE INDEX ON turned_three (c, a, b, d);

-- the columns of the key are far from the first of their table
CREATE TABLE far (x1 int, x2 int, x3 int, x4 int, x5 int, x6 int, x7 int, x8 int, x9 int, x10 int,
                  customer_id int REFERENCES customer);
CREATE INDEX ON far (customer_id);

-- a primary key that starts with the columns, a unique constraint, a key of one column that is the primary key
CREATE TABLE detail (customer_id int REFERENCES customer, line int, PRIMARY KEY (customer_id, line));
CREATE TABLE single (customer_id int REFERENCES customer UNIQUE);
CREATE TABLE same (id int PRIMARY KEY REFERENCES customer);
CREATE TABLE deferred (customer_id int REFERENCES customer, line int,
                       UNIQUE (customer_id, line) DEFERRABLE INITIALLY DEFERRED);

-- INCLUDE behind the columns takes nothing away
CREATE TABLE covering (customer_id int REFERENCES customer, note text);
CREATE INDEX ON covering (customer_id) INCLUDE (note);

-- int8 refers to int4: btree compares across types
CREATE TABLE wide (customer_id bigint REFERENCES customer);
CREATE INDEX ON wide (customer_id);

-- dropped columns move the numbers
CREATE TABLE thinned (gone1 int, gone2 int, customer_id int REFERENCES customer);
ALTER TABLE thinned DROP COLUMN gone1;
CREATE INDEX ON thinned (customer_id);

CREATE TEMPORARY TABLE passing (customer_id int);
