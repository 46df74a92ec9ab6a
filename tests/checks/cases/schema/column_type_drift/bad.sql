-- finds: customer_id
-- finds: "Ku nde %s {x}"
CREATE TABLE orders (id bigint, customer_id bigint, "Ku nde %s {x}" text);
CREATE TABLE bills (id bigint, customer_id bigint, "Ku nde %s {x}" jsonb);
CREATE SCHEMA other;
CREATE TABLE other.letters (id bigint, customer_id integer);
