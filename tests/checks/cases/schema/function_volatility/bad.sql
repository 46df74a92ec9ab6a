-- finds: public.writes
-- finds: public.writes_sql
-- finds: public.rolls
-- finds: public.reads
-- finds: public.clock
-- finds: public.performs
-- finds: public.joins
-- finds: public.counts
-- finds: "sch ema %"."fun ction {x}"
CREATE TABLE t (a int, b text);
CREATE FUNCTION writes(int) RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF $1 > 0 THEN
        UPDATE t SET a = $1;
    END IF;
    RETURN 1;
END $$;
CREATE FUNCTION writes_sql(int) RETURNS void LANGUAGE plpgsql IMMUTABLE AS 'BEGIN INSERT INTO t VALUES ($1); END';
CREATE FUNCTION rolls() RETURNS float LANGUAGE sql STABLE AS 'SELECT random()';
CREATE FUNCTION reads(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT b FROM public.t WHERE a = $1';
CREATE FUNCTION performs() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM 1 FROM t; RETURN 1; END';
CREATE FUNCTION joins(int[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT count(*) FROM unnest($1) AS x JOIN t ON a = x';
-- of two comments only what is in them is taken out
CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql IMMUTABLE AS
    '/* one */ WITH x AS (SELECT 1) SELECT count(*) FROM ONLY t /* two */ WHERE b <> ''--'' ';
CREATE FUNCTION clock() RETURNS date LANGUAGE sql IMMUTABLE AS 'SELECT current_date';
CREATE SCHEMA "sch ema %";
CREATE FUNCTION "sch ema %"."fun ction {x}"(a "text"[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN RETURN current_setting(''a.b''); END';
