CREATE TABLE t (a int, b text);
CREATE FUNCTION adds(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION reads(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT b FROM public.t WHERE a = $1';
CREATE FUNCTION clock() RETURNS date LANGUAGE sql STABLE AS 'SELECT current_date';
CREATE FUNCTION writes(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN UPDATE t SET a = $1; RETURN 1; END';
-- words in comments, strings and other places
CREATE FUNCTION says(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    -- INSERT INTO t; now()
    /* DELETE FROM t;
       random() */
    RETURN 'UPDATE t SET a = now()' || substring($1 FROM 2) || extract(day FROM date '2020-01-01') || trim(leading 'x' from $1);
END $$;
CREATE FUNCTION sums(int[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT sum(x) FROM unnest($1) AS x';
CREATE FUNCTION inlined(int[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT sum(x) FROM (SELECT unnest($1) AS x) AS y';
-- FROM that no table follows
CREATE FUNCTION year_of(timestamptz) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT extract(year FROM $1 AT TIME ZONE ''UTC'')::int';
CREATE FUNCTION since(a timestamptz, b timestamptz) RETURNS int LANGUAGE sql IMMUTABLE AS
    'SELECT extract(day from age(a, b))::int + extract(epoch from b)::int;';
CREATE FUNCTION trimmed(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT trim(both ''x'' from lower(t)) || substring(upper(trim(t)) from t)';
CREATE FUNCTION differ(a int, b int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT a IS NOT DISTINCT FROM b';
CREATE FUNCTION next_of(a int) RETURNS int LANGUAGE sql IMMUTABLE AS
    'WITH x AS (SELECT a AS y), z (q) AS MATERIALIZED (SELECT y + 1 FROM x) SELECT q + y FROM z JOIN x ON true';
CREATE FUNCTION keys_of(j jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    'SELECT count(*) FROM jsonb_array_elements(j) AS e, LATERAL jsonb_each(e) CROSS JOIN LATERAL jsonb_object_keys(e) JOIN ROWS FROM (unnest(ARRAY[1])) AS r ON true';
CREATE FUNCTION quoted() RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''-- '' || $$it''s$$ || ''select 1 from t''';
