-- finds: public.users.id
-- finds: public.users.guid
-- finds: public.users.fixed
-- finds: public."Ses sions %"."uu{id}_or_uuid"
-- finds: public.parted.ref
CREATE TABLE users (id text PRIMARY KEY, guid varchar, fixed char(36), name text);
INSERT INTO users SELECT md5(g::text)::uuid::text, NULL, NULL, 'user ' || g FROM generate_series(1, 500) AS g;
ANALYZE users;
-- nothing in it yet, so its name is all there is
CREATE TABLE "Ses sions %" ("uu{id}_or_uuid" text);
CREATE TABLE parted (day int, ref varchar(40)) PARTITION BY RANGE (day);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
INSERT INTO parted SELECT 1, upper(md5((g % 3)::text)::uuid::text) FROM generate_series(1, 300) AS g;
ANALYZE parted;
