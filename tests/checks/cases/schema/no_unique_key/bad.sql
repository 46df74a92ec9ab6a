-- finds: public.bare
-- finds: public."pa rtial %s {x}"
-- finds: public.plain_index
-- finds: public.partitioned
-- finds: public.partly
CREATE TABLE bare (a int);
CREATE TABLE "pa rtial %s {x}" (a int);
CREATE UNIQUE INDEX ON "pa rtial %s {x}" (a) WHERE a > 0;
CREATE TABLE plain_index (a int);
CREATE INDEX ON plain_index (a);
CREATE TABLE partitioned (a int) PARTITION BY RANGE (a);
CREATE TABLE partition PARTITION OF partitioned FOR VALUES FROM (0) TO (9);
CREATE TABLE partly (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE partly_1 PARTITION OF partly (PRIMARY KEY (b)) FOR VALUES FROM (0) TO (9);
CREATE TABLE partly_2 PARTITION OF partly FOR VALUES FROM (9) TO (19) PARTITION BY RANGE (b);
CREATE TABLE partly_2_1 PARTITION OF partly_2 DEFAULT;
