-- finds: public."none".none_customer_id_fkey
-- finds: public.only_parent.only_parent_customer_id_fkey
-- finds: public."some".some_customer_id_fkey
-- finds: public.deep.deep_customer_id_fkey
-- finds: public.empty.empty_customer_id_fkey
-- finds: public.moved.moved_customer_id_fkey
-- finds: public.one_branch_1.one_branch_1_customer_id_fkey
-- finds: public.refers.refers_day_fkey
CREATE TABLE customer (id int PRIMARY KEY);

CREATE TABLE "none" (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);
CREATE TABLE none_1 PARTITION OF "none" FOR VALUES FROM (0) TO (10);
CREATE TABLE none_2 PARTITION OF "none" FOR VALUES FROM (10) TO (20);

-- ON ONLY alone is an index without an entry
CREATE TABLE only_parent (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);
CREATE TABLE only_parent_1 PARTITION OF only_parent FOR VALUES FROM (0) TO (10);
CREATE INDEX ON ONLY only_parent (customer_id);

CREATE TABLE "some" (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);
CREATE TABLE some_1 PARTITION OF "some" FOR VALUES FROM (0) TO (10);
CREATE TABLE some_2 PARTITION OF "some" FOR VALUES FROM (10) TO (20);
CREATE INDEX ON some_1 (customer_id);

CREATE TABLE deep (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);
CREATE TABLE deep_1 PARTITION OF deep FOR VALUES FROM (0) TO (10) PARTITION BY LIST (customer_id);
CREATE TABLE deep_1_a PARTITION OF deep_1 FOR VALUES IN (1);
CREATE TABLE deep_1_b PARTITION OF deep_1 DEFAULT;
CREATE INDEX ON deep_1_a (customer_id);

CREATE TABLE empty (customer_id int REFERENCES customer, day int) PARTITION BY RANGE (day);

-- the columns of the partition have other numbers, and its index is on the parent's number
CREATE TABLE moved (customer_id int, day int) PARTITION BY RANGE (day);
CREATE TABLE moved_1 (day int, customer_id int);
ALTER TABLE moved ATTACH PARTITION moved_1 FOR VALUES FROM (0) TO (10);
ALTER TABLE moved ADD FOREIGN KEY (customer_id) REFERENCES customer;
CREATE INDEX ON moved_1 (day);

-- a key of one partition only
CREATE TABLE one_branch (customer_id int, day int) PARTITION BY RANGE (day);
CREATE TABLE one_branch_1 PARTITION OF one_branch FOR VALUES FROM (0) TO (10);
ALTER TABLE one_branch_1 ADD FOREIGN KEY (customer_id) REFERENCES customer;

-- the referenced table is partitioned: PostgreSQL keeps a constraint for each of its partitions
CREATE TABLE days (day int PRIMARY KEY) PARTITION BY RANGE (day);
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (10);
CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM (10) TO (20);
CREATE TABLE refers (day int REFERENCES days);
