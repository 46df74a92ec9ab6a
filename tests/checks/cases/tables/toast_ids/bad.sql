-- finds: "sche.ma"."toa""sted %s {x}"
CREATE SCHEMA "sche.ma";
CREATE TABLE "sche.ma"."toa""sted %s {x}" (a text) WITH (autovacuum_enabled = false);
UPDATE pg_class SET reltuples = 3e9
 WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = '"sche.ma"."toa""sted %s {x}"'::regclass);
