-- finds: sales.invoices
-- limits: schema='sales' short_chars=3
-- One schema only, and a comment of three characters is no comment.
CREATE SCHEMA sales;
CREATE TABLE sales.invoices (id bigint);
COMMENT ON TABLE sales.invoices IS 'tbd';
CREATE TABLE sales.payments (id bigint);
COMMENT ON TABLE sales.payments IS 'What came in, one row a transfer.';
CREATE TABLE public.elsewhere (id bigint);
