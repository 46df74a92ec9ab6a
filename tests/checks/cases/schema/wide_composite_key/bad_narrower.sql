-- finds: public.prices.prices_pkey
-- limits: min_columns=2
CREATE TABLE prices (a int, b int, PRIMARY KEY (a, b));
