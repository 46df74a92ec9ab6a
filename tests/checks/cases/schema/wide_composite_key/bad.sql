-- finds: public.prices.prices_pkey
-- finds: public."Par ted"."k ey %s {x}"
CREATE TABLE prices (a int, b int, c int, d int, price numeric, PRIMARY KEY (a, b, c, d));
CREATE TABLE bills (a int, b int, c int, d int, FOREIGN KEY (a, b, c, d) REFERENCES prices);
CREATE TABLE "Par ted" (a int, b int, c int, d int, e int, CONSTRAINT "k ey %s {x}" PRIMARY KEY (e, d, c, b, a)) PARTITION BY RANGE (a);
CREATE TABLE parted_1 PARTITION OF "Par ted" FOR VALUES FROM (0) TO (10);
