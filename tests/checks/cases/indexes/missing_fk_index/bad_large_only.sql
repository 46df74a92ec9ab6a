-- finds: public.large.large_customer_id_fkey
-- finds: public.unknown.unknown_customer_id_fkey
-- limits: min_rows=500
-- A table that was never analysed may be large.
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE small (customer_id int REFERENCES customer);
CREATE TABLE large (customer_id int REFERENCES customer);
CREATE TABLE unknown (customer_id int REFERENCES customer);
INSERT INTO small SELECT NULL FROM generate_series(1, 100);
INSERT INTO large SELECT NULL FROM generate_series(1, 1000);
ANALYZE small;
ANALYZE large;
