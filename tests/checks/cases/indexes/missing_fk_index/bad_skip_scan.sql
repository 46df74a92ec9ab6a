-- since: 18
-- finds: public.orders.orders_customer_id_fkey
-- finds: public.flagged.flagged_customer_id_fkey
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE orders (kind int, customer_id int REFERENCES customer);
INSERT INTO orders SELECT n % 5 FROM generate_series(1, 1000) AS n;
CREATE INDEX ON orders (kind, customer_id);
ANALYZE orders;
CREATE TABLE flagged (done bool, customer_id int REFERENCES customer);
CREATE INDEX ON flagged (done, customer_id);
