-- finds: public.wide
-- finds: public."re made %"
-- finds: public."full"
DO $$
BEGIN
    EXECUTE (SELECT 'CREATE TABLE wide (' || string_agg(format('c%s int', g), ',') || ')' FROM generate_series(1, 100) g);
    EXECUTE (SELECT 'CREATE TABLE "re made %" (' || string_agg(format('c%s int', g), ',') || ')'
               FROM generate_series(1, 1200) g);
    EXECUTE (SELECT 'ALTER TABLE "re made %" ' || string_agg(format('DROP COLUMN c%s', g), ',')
               FROM generate_series(2, 1200) g);
    EXECUTE (SELECT 'CREATE TABLE "full" (' || string_agg(format('c%s bool', g), ',') || ')' FROM generate_series(1, 1590) g);
END $$;
