-- A small shop with faults planted in it. Each statement runs by itself; one that is meant to fail says so: `-- fails:`
-- and the SQLSTATE. What a check has to find says `fault:`, its healthy neighbours say nothing.

-- The rows refer to each other as they should: their foreign keys need not look at each of them.
SET session_replication_role = replica;

CREATE ROLE shop_app LOGIN;
CREATE ROLE reporting LOGIN CONNECTION LIMIT 3;
CREATE SCHEMA shop;
CREATE SCHEMA sales;
CREATE SCHEMA "Archiv 100% ""alt"" {2024}";
GRANT ALL ON SCHEMA shop, sales TO shop_app, reporting;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop, sales GRANT ALL ON TABLES TO shop_app, reporting;

-- --- tables that nobody looks after ----------------------------------------------------------------------------------

-- fault: 60,000 rows, never analysed, and no key
CREATE TABLE shop.page_views (at timestamptz NOT NULL, customer_id bigint, url text NOT NULL)
  WITH (autovacuum_enabled = false);                                -- fault: autovacuum off
INSERT INTO shop.page_views
SELECT timestamptz '2026-01-01 UTC' + n * interval '1 second', n % 20000, '/product/' || n % 2000
  FROM generate_series(1, 60000) AS n;

CREATE TABLE sales.carts (id integer PRIMARY KEY, customer_id bigint, content jsonb NOT NULL)
  WITH (autovacuum_enabled = false);                                -- fault: autovacuum off
INSERT INTO sales.carts SELECT n, n, '{"items": []}' FROM generate_series(1, 20000) AS n;
ANALYZE sales.carts;
UPDATE sales.carts SET content = '{"items": [1]}';                  -- fault: half of its rows are dead, and overdue
UPDATE sales.carts SET content = '{"items": [1, 2]}';

CREATE TABLE sales.stock_levels (product_id integer PRIMARY KEY, amount integer NOT NULL)
  WITH (autovacuum_enabled = false);
INSERT INTO sales.stock_levels SELECT n, 1 FROM generate_series(1, 500) AS n;
ANALYZE sales.stock_levels;
INSERT INTO sales.stock_levels SELECT n, 1 FROM generate_series(501, 40000) AS n;   -- fault: stale statistics

-- Time goes by, in transactions: faults, since these tables are not frozen, nor are the other databases.
DO $$ BEGIN
    FOR n IN 1..210000 LOOP
        PERFORM pg_catalog.pg_current_xact_id();
        COMMIT;
    END LOOP;
END $$;

-- --- what the shop sells, and to whom --------------------------------------------------------------------------------

CREATE TABLE shop.categories (
    id        integer PRIMARY KEY,
    parent_id integer REFERENCES shop.categories,                   -- fault: foreign key without index
    name      text NOT NULL
);
INSERT INTO shop.categories SELECT n, NULLIF(n / 5, 0), 'category ' || n FROM generate_series(1, 50) AS n;

CREATE TABLE shop.products (
    id          integer PRIMARY KEY,
    category_id integer NOT NULL REFERENCES shop.categories,
    sku         char(12) NOT NULL UNIQUE,                           -- fault: char(n)
    name        text NOT NULL,
    price       money NOT NULL,                                     -- fault: money
    on_sale     boolean NOT NULL DEFAULT false,
    attributes  json                                                -- fault: json, not jsonb
);
INSERT INTO shop.products
SELECT n, 1 + n % 50, 'SKU-' || n, 'Product ' || n, (n % 300 + 1)::money, n % 7 = 0, '{"colour": "red"}'
  FROM generate_series(1, 2000) AS n;
CREATE INDEX products_category_id_idx ON shop.products (category_id);
CREATE INDEX products_category_idx ON shop.products (category_id);                  -- fault: duplicate
CREATE INDEX products_category_name_idx ON shop.products (category_id, name);   -- fault: makes the first of them redundant
CREATE UNIQUE INDEX products_sku_unique ON shop.products (sku);                     -- fault: duplicate of a constraint
CREATE INDEX products_id_idx ON shop.products (id);                             -- fault: redundant to the key
CREATE INDEX products_on_sale_idx ON shop.products (on_sale);                       -- fault: index on a boolean

CREATE TABLE shop.customers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL,
    name       text NOT NULL,
    joined_at  timestamp NOT NULL                                   -- fault: without time zone
);
INSERT INTO shop.customers (email, name, joined_at)
SELECT 'customer' || n % 19990 || '@example.com', 'Customer ' || n, timestamp '2024-01-01' + n * interval '40 minutes'
  FROM generate_series(1, 20000) AS n;
CREATE INDEX customers_lower_email_idx ON shop.customers (lower(email));
CREATE INDEX customers_email_ci ON shop.customers (lower(email));            -- fault: duplicate, of an expression
CREATE INDEX customers_name_idx ON shop.customers (name);
CREATE INDEX customers_name_joined_idx ON shop.customers (name, joined_at);         -- fault: makes the former redundant
-- fails: 23505
CREATE UNIQUE INDEX CONCURRENTLY customers_email_key ON shop.customers (email);     -- fault: stays behind, not valid

CREATE TABLE shop.addresses (
    id          serial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES shop.customers,
    kind        text NOT NULL,
    line        text NOT NULL
);
INSERT INTO shop.addresses (customer_id, kind, line)
SELECT n, CASE n % 2 WHEN 0 THEN 'home' ELSE 'work' END, n || ' Long Road' FROM generate_series(1, 20000) AS n;
-- fault: partial help only: from PostgreSQL 18 a skip scan passes over the two kinds
CREATE INDEX addresses_kind_customer_idx ON shop.addresses (kind, customer_id);

CREATE TABLE shop.reviews (                                         -- fault: no primary key
    product_id  integer NOT NULL REFERENCES shop.products,          -- fault: foreign key without index
    customer_id bigint REFERENCES shop.customers,                   -- fault: an index with a predicate serves it not
    stars       smallint NOT NULL,
    body        text
);
INSERT INTO shop.reviews SELECT 1 + n % 2000, 1 + n % 20000, n % 5 + 1, 'fine' FROM generate_series(1, 10000) AS n;
CREATE INDEX reviews_praise_idx ON shop.reviews (customer_id) WHERE stars = 5;

-- --- what they buy ---------------------------------------------------------------------------------------------------

CREATE TABLE sales.orders (
    id          bigint PRIMARY KEY,
    customer_id bigint NOT NULL,
    status      text NOT NULL,
    placed_at   timestamptz NOT NULL,
    total_cents integer NOT NULL
);
INSERT INTO sales.orders
SELECT n, 1 + n % 20000, (ARRAY['open', 'paid', 'sent', 'closed'])[1 + n % 4],
       timestamptz '2025-01-01 UTC' + n * interval '10 minutes', 100 + n % 9900
  FROM generate_series(1, 60000) AS n;
ALTER TABLE sales.orders ADD FOREIGN KEY (customer_id) REFERENCES shop.customers;   -- fault: without index
CREATE INDEX orders_placed_at_idx ON sales.orders (placed_at);                      -- fault: unused, 1.3 MB
CREATE INDEX orders_placed_at_idx1 ON sales.orders (placed_at);                     -- fault: duplicate
CREATE INDEX orders_status_placed_idx ON sales.orders (status, placed_at);          -- fault: unused, 2 MB
CREATE INDEX orders_open_idx ON sales.orders (placed_at) WHERE status = 'open';
CREATE INDEX orders_open_again_idx ON sales.orders (placed_at) WHERE status = 'open'; -- fault: duplicate, of a part

CREATE TABLE sales.order_lines (
    order_id    bigint NOT NULL,
    line        smallint NOT NULL,
    product_id  integer NOT NULL,
    quantity    integer NOT NULL,
    PRIMARY KEY (order_id, line)
);
INSERT INTO sales.order_lines
SELECT 1 + n / 2, n % 2, 1 + n % 2000, 1 + n % 3 FROM generate_series(0, 99999) AS n;
ALTER TABLE sales.order_lines ADD FOREIGN KEY (order_id) REFERENCES sales.orders;   -- served by the primary key
ALTER TABLE sales.order_lines ADD FOREIGN KEY (product_id) REFERENCES shop.products; -- fault: without index
ALTER TABLE sales.order_lines ADD CHECK (quantity < 3) NOT VALID;                   -- fault: not valid

CREATE TABLE sales.payments (
    id       bigint PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES sales.orders,               -- fault: an index on an expression serves it not
    settled  boolean NOT NULL DEFAULT false
);
INSERT INTO sales.payments SELECT n, n, n % 9 > 0 FROM generate_series(1, 20000) AS n;
CREATE INDEX payments_order_idx ON sales.payments ((order_id + 0));

CREATE TABLE sales.returns (
    id       bigint PRIMARY KEY,
    order_id bigint NOT NULL,
    line     smallint NOT NULL,
    FOREIGN KEY (order_id, line) REFERENCES sales.order_lines       -- fault: an index on a part of it
);
INSERT INTO sales.returns SELECT n, n, n % 2 FROM generate_series(1, 3000) AS n;
CREATE INDEX returns_order_idx ON sales.returns (order_id);

CREATE TABLE sales.invoices (
    order_id  bigint NOT NULL REFERENCES sales.orders,              -- fault: without index, on both partitions
    issued_on date NOT NULL
) PARTITION BY RANGE (issued_on);
CREATE TABLE sales.invoices_2025 PARTITION OF sales.invoices FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE sales.invoices_2026 PARTITION OF sales.invoices FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO sales.invoices SELECT n, date '2025-01-01' + n % 700 FROM generate_series(1, 20000) AS n;
CREATE INDEX invoices_issued_on_idx ON ONLY sales.invoices (issued_on);             -- fault: its partitions have none

-- fault: the leftover of a REINDEX CONCURRENTLY, which failed because of a function that was wrong for a moment
CREATE FUNCTION shop.rank(price integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN price % 10; END';
CREATE TABLE shop.offers (id integer PRIMARY KEY, cents integer NOT NULL);
INSERT INTO shop.offers SELECT n, n FROM generate_series(1, 1000) AS n;
CREATE INDEX offers_rank_idx ON shop.offers (shop.rank(cents));
CREATE OR REPLACE FUNCTION shop.rank(price integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN price / 0; END';
-- fails: 22012
REINDEX INDEX CONCURRENTLY shop.offers_rank_idx;
CREATE OR REPLACE FUNCTION shop.rank(price integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN price % 10; END';

-- --- numbers that run out --------------------------------------------------------------------------------------------

CREATE TABLE sales.tickets (id serial PRIMARY KEY, subject text);
SELECT setval('sales.tickets_id_seq', 2040000000);                  -- fault: 95 % of an integer
CREATE TABLE sales.vouchers (id smallint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, code text);
SELECT setval('sales.vouchers_id_seq', 27000);                      -- fault: 82 % of a smallint
CREATE TABLE sales.shipments (id serial PRIMARY KEY, order_id bigint NOT NULL);
ALTER TABLE sales.shipments ALTER COLUMN id TYPE bigint;            -- its sequence stays an integer
SELECT setval('sales.shipments_id_seq', 1990000000);                -- fault: 93 % of that
CREATE SEQUENCE sales.receipt_numbers MAXVALUE 999999;
SELECT setval('sales.receipt_numbers', 999999);                     -- fault: the last one is gone
CREATE SEQUENCE sales.counter_down AS smallint INCREMENT -1 MINVALUE -1000 MAXVALUE -1;
SELECT setval('sales.counter_down', -960);                          -- fault: 96 %, downwards
CREATE SEQUENCE sales.queue_number MAXVALUE 99 CYCLE;               -- begins again by itself
SELECT setval('sales.queue_number', 98);

-- --- names that break what does not quote ----------------------------------------------------------------------------

CREATE TABLE "Archiv 100% ""alt"" {2024}"."Kunden & <script>alert('x')</script>" (
    "die id" integer PRIMARY KEY,
    "E-Mail | privat" text
);
INSERT INTO "Archiv 100% ""alt"" {2024}"."Kunden & <script>alert('x')</script>"
SELECT n, 'k' || n FROM generate_series(1, 1000) AS n;
CREATE INDEX "Index `eins`" ON "Archiv 100% ""alt"" {2024}"."Kunden & <script>alert('x')</script>" ("E-Mail | privat");
-- fault: duplicate; its name holds ESC, which a terminal would obey, and a mark that turns the writing round
CREATE INDEX U&"red \001B[31m \202Etxt.exe"
    ON "Archiv 100% ""alt"" {2024}"."Kunden & <script>alert('x')</script>" ("E-Mail | privat");
CREATE TABLE "Archiv 100% ""alt"" {2024}"."select" (
    "from" integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- fault: foreign key without index
    "%(kunde)s" integer REFERENCES "Archiv 100% ""alt"" {2024}"."Kunden & <script>alert('x')</script>"
);
SELECT setval('"Archiv 100% ""alt"" {2024}"."select_from_seq"', 2100000000); -- fault: 98 %
