-- finds: public.orders.orders_customer_id_fkey
-- finds: public.lines.lines_pair_fkey
-- finds: public.node.node_parent_id_fkey
-- finds: public.later.later_customer_id_fkey
-- finds: public.typed.typed_customer_id_fkey
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));

CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer ON DELETE CASCADE);
CREATE INDEX ON orders (id, customer_id);

-- neither column of the key leads
CREATE TABLE lines (id int PRIMARY KEY, a int, b int, CONSTRAINT lines_pair_fkey FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX ON lines (id, a, b);

-- a table that refers to itself, whose primary key is on the other column
CREATE TABLE node (id int PRIMARY KEY, parent_id int REFERENCES node);

-- NOT VALID is enforced all the same
CREATE TABLE later (customer_id int);
ALTER TABLE later ADD CONSTRAINT later_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer NOT VALID;

-- a key of another integer type
CREATE TABLE typed (customer_id bigint REFERENCES customer);
