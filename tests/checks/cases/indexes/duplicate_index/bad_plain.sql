-- finds: public.plain_a2
-- finds: public.plain_a3
-- finds: public.two_columns_2
-- finds: public.covering_2
-- finds: public.calculated_2
-- finds: public.filtered_2
-- finds: public.hashed_2
-- finds: public.collated_2
-- finds: public.sorted_2
-- finds: public.seen_2
-- finds: public.filled_2
-- finds: public.summary_2
CREATE TABLE plain (a int, b int, c text, d text COLLATE "C");
CREATE INDEX plain_a1 ON plain (a);
CREATE INDEX plain_a2 ON plain (a);
CREATE INDEX plain_a3 ON plain USING btree (a ASC NULLS LAST);
CREATE INDEX two_columns_1 ON plain (b, a);
CREATE INDEX two_columns_2 ON plain (b, a);
CREATE INDEX covering_1 ON plain (b) INCLUDE (c);
CREATE INDEX covering_2 ON plain (b) INCLUDE (c);
-- the same expression and predicate, written at another place of the statement
CREATE INDEX calculated_1 ON plain (lower(c));
CREATE INDEX calculated_2 ON plain        (   lower(c)  );
CREATE INDEX filtered_1 ON plain (c) WHERE a > 0 AND b IS NOT NULL;
CREATE INDEX filtered_2 ON plain (c)      WHERE   a > 0   AND (b IS NOT NULL);
CREATE INDEX hashed_1 ON plain USING hash (a);
CREATE INDEX hashed_2 ON plain USING hash (a);
CREATE INDEX collated_1 ON plain (d);
CREATE INDEX collated_2 ON plain (d COLLATE "C");
CREATE INDEX sorted_1 ON plain (a DESC);
CREATE INDEX sorted_2 ON plain (a DESC NULLS FIRST);
CREATE MATERIALIZED VIEW seen AS SELECT a FROM plain;
CREATE INDEX seen_1 ON seen (a);
CREATE INDEX seen_2 ON seen (a);
-- how full the pages are makes no difference to what is found
CREATE TABLE stored (a int, b int);
CREATE INDEX filled_1 ON stored (a);
CREATE INDEX filled_2 ON stored (a) WITH (fillfactor = 50);
CREATE INDEX summary_1 ON stored USING brin (b) WITH (pages_per_range = 8);
CREATE INDEX summary_2 ON stored USING brin (b) WITH (pages_per_range = 8);
