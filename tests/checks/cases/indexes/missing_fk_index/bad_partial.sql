-- finds: public.one_of_two.one_of_two_a_b_fkey
-- finds: public.hash_of_two.hash_of_two_a_b_fkey
-- finds: public.apart.apart_a_b_fkey
CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));

CREATE TABLE one_of_two (a int, b int, FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX "one of ""two"" %s {x}" ON one_of_two (b);
CREATE TABLE hash_of_two (a int, b int, FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX ON hash_of_two USING hash (a);
CREATE TABLE apart (a int, b int, other int, FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX ON apart (a, other, b);
