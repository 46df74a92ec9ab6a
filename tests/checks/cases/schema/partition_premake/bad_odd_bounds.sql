-- finds: public.numbers
-- finds: public.dated
-- The first bound is open, or infinite, or before Christ; the last is what counts.
CREATE TABLE numbers (id numeric) PARTITION BY RANGE (id);
CREATE TABLE numbers_1 PARTITION OF numbers FOR VALUES FROM (MINVALUE) TO ('0.5');
CREATE TABLE numbers_2 PARTITION OF numbers FOR VALUES FROM ('0.5') TO ('10.25');
INSERT INTO numbers VALUES (3);
ANALYZE numbers;
CREATE TABLE dated (at date) PARTITION BY RANGE (at);
CREATE TABLE dated_0 PARTITION OF dated FOR VALUES FROM ('-infinity') TO ('0044-03-15 BC');
CREATE TABLE dated_1 PARTITION OF dated FOR VALUES FROM ('0044-03-15 BC') TO ('2020-01-01');
