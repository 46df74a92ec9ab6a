-- finds: public.narrow
-- finds: public.middle
-- finds: public.key_again
-- finds: public.unique_again
-- finds: public.included
-- finds: public.included_less
-- finds: public.included_turned
-- finds: public.calculated
-- finds: public.filtered
-- finds: public.patterns
-- finds: public.descending
CREATE TABLE chain (a int, b int, c int);
CREATE INDEX narrow ON chain (a);
CREATE INDEX middle ON chain (a, b);
CREATE INDEX wide ON chain (a, b, c);
-- the duplicate is told of as such
CREATE INDEX narrow_again ON chain (a);

CREATE TABLE keyed (id int PRIMARY KEY, code text UNIQUE);
CREATE INDEX key_again ON keyed (id);
CREATE INDEX unique_again ON keyed (code);

CREATE TABLE covering (a int, b int, c int, d int, e int);
CREATE INDEX included ON covering (a) INCLUDE (b);
CREATE INDEX ON covering (a, b);
CREATE INDEX included_less ON covering (c) INCLUDE (d);
CREATE INDEX ON covering (c) INCLUDE (d, e);
CREATE INDEX ON covering (d) INCLUDE (a, b);
CREATE INDEX included_turned ON covering (d) INCLUDE (b, a);

CREATE TABLE texts (a text, b text, c int);
CREATE INDEX calculated ON texts (lower(a), c);
CREATE INDEX ON texts (lower(a), c, upper(b));
CREATE INDEX filtered ON texts (b) WHERE c > 0;
CREATE INDEX ON texts (b, a) WHERE c > 0;
CREATE INDEX patterns ON texts (a text_pattern_ops);
CREATE INDEX ON texts (a text_pattern_ops, b);

CREATE TABLE sorted (a int, b int);
CREATE INDEX descending ON sorted (a DESC);
CREATE INDEX ON sorted (a DESC, b);
