CREATE TABLE customer (id int PRIMARY KEY);

CREATE TABLE of_parent (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);
CREATE TABLE of_parent_1 PARTITION OF of_parent FOR VALUES FROM (0) TO (10);
CREATE TABLE of_parent_2 PARTITION OF of_parent FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (customer_id);
CREATE TABLE of_parent_2_1 PARTITION OF of_parent_2 DEFAULT;
CREATE INDEX ON of_parent (customer_id);

-- an index of its own on every partition, of whatever kind
CREATE TABLE of_each (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);
CREATE TABLE of_each_1 PARTITION OF of_each FOR VALUES FROM (0) TO (10);
CREATE TABLE of_each_2 PARTITION OF of_each FOR VALUES FROM (10) TO (20);
CREATE INDEX ON of_each_1 (customer_id);
CREATE INDEX ON of_each_2 USING hash (customer_id);

-- ON ONLY first, and then the partition's index attached
CREATE TABLE attached (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);
CREATE TABLE attached_1 PARTITION OF attached FOR VALUES FROM (0) TO (10);
CREATE INDEX attached_all ON ONLY attached (customer_id);
CREATE INDEX attached_one ON attached_1 (customer_id);
ALTER INDEX attached_all ATTACH PARTITION attached_one;

CREATE TABLE empty (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);
CREATE INDEX ON empty (customer_id);

-- the columns of the partition have other numbers
CREATE TABLE moved (customer_id int, day int) PARTITION BY RANGE (day);
CREATE TABLE moved_1 (day int, gone int, customer_id int);
ALTER TABLE moved_1 DROP COLUMN gone;
ALTER TABLE moved ATTACH PARTITION moved_1 FOR VALUES FROM (0) TO (10);
ALTER TABLE moved ADD FOREIGN KEY (customer_id) REFERENCES customer;
CREATE INDEX ON moved_1 (customer_id);

-- partitioned on both sides, and referring to itself
CREATE TABLE days (day int PRIMARY KEY, earlier int REFERENCES days) PARTITION BY RANGE (day);
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (10);
CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM (10) TO (20);
CREATE INDEX ON days (earlier);
CREATE TABLE refers (day int REFERENCES days) PARTITION BY RANGE (day);
CREATE TABLE refers_1 PARTITION OF refers FOR VALUES FROM (0) TO (10);
CREATE INDEX ON refers (day);
