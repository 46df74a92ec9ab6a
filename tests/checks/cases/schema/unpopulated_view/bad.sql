-- finds: public.seen
-- finds: public."se en %s {x}"
CREATE TABLE t (a int);
CREATE MATERIALIZED VIEW seen AS SELECT a FROM t WITH NO DATA;
CREATE MATERIALIZED VIEW "se en %s {x}" AS SELECT a FROM t;
REFRESH MATERIALIZED VIEW "se en %s {x}" WITH NO DATA;
