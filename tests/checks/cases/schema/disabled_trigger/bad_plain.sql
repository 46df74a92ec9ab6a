-- finds: public."ta.ble 100%s {x}"."tri'gger ""off"""
-- finds: public."ta.ble 100%s {x}".replica
-- finds: public.child.child_id_fkey
-- finds: public.child.quiet
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE "ta.ble 100%s {x}" (a int);
CREATE TRIGGER "tri'gger ""off""" BEFORE INSERT ON "ta.ble 100%s {x}" FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE "ta.ble 100%s {x}" DISABLE TRIGGER "tri'gger ""off""";
CREATE TRIGGER replica BEFORE INSERT ON "ta.ble 100%s {x}" FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE "ta.ble 100%s {x}" ENABLE REPLICA TRIGGER replica;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent);
ALTER TABLE child DISABLE TRIGGER ALL;
CREATE RULE quiet AS ON DELETE TO child DO INSTEAD NOTHING;
ALTER TABLE child DISABLE RULE quiet;
