-- finds: public.events.payload
-- finds: public.events.list
-- finds: public."Lög %s {x}"."pay.load"
-- finds: public.events.wrapped
CREATE DOMAIN wrapped AS json;
CREATE TABLE events (id int, payload json, list json[], wrapped wrapped, fine jsonb);
CREATE TABLE "Lög %s {x}" ("pay.load" json NOT NULL);
