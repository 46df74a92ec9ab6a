-- Wide, but not very; as wide as that but for dropped columns; a view; partitions of a narrow table.
DO $$
BEGIN
    EXECUTE (SELECT 'CREATE TABLE wide (' || string_agg(format('c%s int', g), ',') || ')' FROM generate_series(1, 99) g);
    EXECUTE (SELECT 'CREATE TABLE remade (' || string_agg(format('c%s int', g), ',') || ')'
               FROM generate_series(1, 200) g);
    EXECUTE (SELECT 'ALTER TABLE remade ' || string_agg(format('DROP COLUMN c%s', g), ',')
               FROM generate_series(2, 200) g);
    EXECUTE (SELECT 'CREATE VIEW seen AS SELECT ' || string_agg(format('1 AS c%s', g), ',') FROM generate_series(1, 300) g);
END $$;
