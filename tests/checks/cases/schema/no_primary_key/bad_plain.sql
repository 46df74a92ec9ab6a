-- finds: public.bare
-- finds: public.unique_null
-- finds: public.partitioned
CREATE TABLE bare (a int);
CREATE TABLE unique_null (a int UNIQUE);
CREATE TABLE partitioned (a int) PARTITION BY RANGE (a);
CREATE TABLE partition PARTITION OF partitioned FOR VALUES FROM (0) TO (9);
