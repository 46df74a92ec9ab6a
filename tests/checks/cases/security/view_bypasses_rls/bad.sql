-- finds: public.direct
-- finds: public.unread
-- finds: public.outer_view
-- finds: public.joined
-- finds: "sch.ema ""q"" 100%"."v w; {} %s"
-- since: 15
CREATE TABLE t (a int, owner text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON t USING (owner = current_user);
CREATE TABLE plain (a int);
CREATE VIEW direct AS SELECT * FROM t;
GRANT SELECT ON direct TO PUBLIC;
CREATE VIEW unread AS SELECT a FROM t;
CREATE VIEW invoker WITH (security_invoker = on) AS SELECT * FROM t;
CREATE VIEW outer_view AS SELECT * FROM invoker;
CREATE VIEW over_direct AS SELECT * FROM direct;
CREATE VIEW joined WITH (security_invoker = false) AS SELECT p.a FROM plain AS p WHERE EXISTS (SELECT FROM t WHERE t.a = p.a);
CREATE SCHEMA "sch.ema ""q"" 100%";
CREATE TABLE "sch.ema ""q"" 100%"."ta ble" (a int);
ALTER TABLE "sch.ema ""q"" 100%"."ta ble" ENABLE ROW LEVEL SECURITY;
CREATE VIEW "sch.ema ""q"" 100%"."v w; {} %s" AS SELECT * FROM "sch.ema ""q"" 100%"."ta ble";
