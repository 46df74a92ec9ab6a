-- finds: customer_id
-- limits: min_columns=3
CREATE TABLE orders (customer_id bigint, note text);
CREATE TABLE bills (customer_id bigint, note jsonb);
CREATE TABLE letters (customer_id integer);
