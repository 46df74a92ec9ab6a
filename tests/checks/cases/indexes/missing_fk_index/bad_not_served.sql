-- finds: public.included.included_customer_id_fkey
-- finds: public.included_pair.included_pair_a_b_fkey
-- finds: public.calculated.calculated_customer_id_fkey
-- finds: public.calculated_behind.calculated_behind_customer_id_fkey
-- finds: public.filtered.filtered_customer_id_fkey
-- finds: public.filtered_and.filtered_and_customer_id_fkey
-- finds: public.filtered_other.filtered_other_customer_id_fkey
-- finds: public.filtered_null.filtered_null_customer_id_fkey
-- finds: public.filtered_or.filtered_or_customer_id_fkey
-- finds: public.invalid.invalid_customer_id_fkey
-- finds: public.unready.unready_customer_id_fkey
-- finds: public.collated.collated_code_fkey
-- finds: public.ranges.ranges_customer_id_fkey
CREATE TABLE customer (id int PRIMARY KEY, code text COLLATE "C" UNIQUE);
CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));

CREATE TABLE included (customer_id int REFERENCES customer, other int);
CREATE INDEX ON included (other) INCLUDE (customer_id);

CREATE TABLE included_pair (a int, b int, FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX ON included_pair (b) INCLUDE (a);

CREATE TABLE calculated (customer_id int REFERENCES customer);
CREATE INDEX ON calculated ((customer_id + 0));
CREATE TABLE calculated_behind (customer_id int REFERENCES customer, note text);
CREATE INDEX ON calculated_behind (lower(note), customer_id);

CREATE TABLE filtered (customer_id int REFERENCES customer, done bool NOT NULL);
CREATE INDEX ON filtered (customer_id) WHERE NOT done;
CREATE TABLE filtered_and (customer_id int REFERENCES customer, done bool NOT NULL);
CREATE INDEX ON filtered_and (customer_id) WHERE customer_id IS NOT NULL AND NOT done;
-- PostgreSQL does not conclude a predicate from NOT NULL on its column
CREATE TABLE filtered_other (customer_id int REFERENCES customer, other int NOT NULL);
CREATE INDEX ON filtered_other (customer_id) WHERE other IS NOT NULL;
CREATE TABLE filtered_null (customer_id int REFERENCES customer);
CREATE INDEX ON filtered_null (customer_id) WHERE customer_id IS NULL;
CREATE TABLE filtered_or (customer_id int REFERENCES customer, done bool);
CREATE INDEX ON filtered_or (customer_id) WHERE customer_id IS NOT NULL AND (done OR customer_id > 7);

CREATE TABLE invalid (customer_id int REFERENCES customer);
CREATE INDEX invalid_index ON invalid (customer_id);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'invalid_index'::regclass;
CREATE TABLE unready (customer_id int REFERENCES customer);
CREATE INDEX unready_index ON unready (customer_id);
UPDATE pg_index SET indisvalid = FALSE, indisready = FALSE WHERE indexrelid = 'unready_index'::regclass;

CREATE TABLE collated (code text COLLATE "C" REFERENCES customer (code));
CREATE INDEX ON collated (code COLLATE "POSIX");

CREATE TABLE ranges (customer_id int REFERENCES customer);
CREATE INDEX ON ranges USING brin (customer_id);
