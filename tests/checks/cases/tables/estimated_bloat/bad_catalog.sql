-- finds: pg_catalog.pg_attribute
-- limits: min_wasted_bytes=3000000
-- Tables came and went.
DO $$
DECLARE
  columns text := (SELECT string_agg('c' || g || ' int', ', ') FROM generate_series(1, 500) AS g);
BEGIN
  FOR n IN 1..100 LOOP
    EXECUTE format('CREATE TABLE t%s (%s)', n, columns);
  END LOOP;
  FOR n IN 1..99 LOOP
    EXECUTE format('DROP TABLE t%s', n);
  END LOOP;
END $$;
SELECT pg_sleep(1.1);
VACUUM (ANALYZE) pg_attribute;
SELECT pg_sleep(0.7);
