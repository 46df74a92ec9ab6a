-- finds: public.not_valid
-- finds: public.not_ready
-- finds: public.not_live
-- finds: public.t_a_idx_ccnew
-- finds: public.t_a_idx_ccold3
-- finds: public.unique_one
-- finds: public.seen_a
CREATE TABLE t (a int, b int);
INSERT INTO t SELECT n, n FROM generate_series(1, 100) AS n;
CREATE INDEX not_valid ON t (a);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'not_valid'::regclass;
CREATE INDEX not_ready ON t (a);
UPDATE pg_index SET indisvalid = FALSE, indisready = FALSE WHERE indexrelid = 'not_ready'::regclass;
CREATE INDEX not_live ON t (a);
UPDATE pg_index SET indisvalid = FALSE, indisready = FALSE, indislive = FALSE WHERE indexrelid = 'not_live'::regclass;
CREATE INDEX t_a_idx ON t (a);
CREATE INDEX t_a_idx_ccnew ON t (a);
UPDATE pg_index SET indisvalid = FALSE, indisready = FALSE WHERE indexrelid = 't_a_idx_ccnew'::regclass;
CREATE INDEX t_a_idx_ccold3 ON t (a);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 't_a_idx_ccold3'::regclass;
CREATE UNIQUE INDEX unique_one ON t (a);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'unique_one'::regclass;
CREATE MATERIALIZED VIEW seen AS SELECT a FROM t;
CREATE INDEX seen_a ON seen (a);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'seen_a'::regclass;
