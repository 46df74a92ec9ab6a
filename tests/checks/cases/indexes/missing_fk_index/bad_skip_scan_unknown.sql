-- finds: public.orders.orders_customer_id_fkey
-- finds: public.unknown.unknown_customer_id_fkey
-- The leading column has many values, or nobody knows how many: no skip scan. (So it is on every version.)
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE orders (number int, customer_id int REFERENCES customer);
INSERT INTO orders SELECT generate_series(1, 1000);
CREATE INDEX ON orders (number, customer_id);
ANALYZE orders;
CREATE TABLE unknown (kind int, customer_id int REFERENCES customer);
CREATE INDEX ON unknown (kind, customer_id);
