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
