-- finds: autovacuum_vacuum_cost_limit
-- 16 TiB at 2 MB a second. Autovacuum's workers go by the settings of the database, too.
CREATE TABLE large (a int) WITH (autovacuum_enabled = false);
UPDATE pg_class SET relpages = 2000000000 WHERE oid = 'large'::regclass;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET vacuum_cost_limit = 1', current_database()); END $$;
