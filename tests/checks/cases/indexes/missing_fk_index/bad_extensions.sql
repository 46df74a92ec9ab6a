-- finds: public.across.across_customer_id_fkey
-- finds: public.second.second_customer_id_fkey
-- btree_gin compares int8 with int8 only, and a GiST index is searched by its first column.
CREATE EXTENSION btree_gist;
CREATE EXTENSION btree_gin;
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE across (customer_id bigint REFERENCES customer);
CREATE INDEX ON across USING gin (customer_id);
CREATE TABLE second (x int, customer_id int REFERENCES customer);
CREATE INDEX ON second USING gist (x, customer_id);
