-- finds: public.child.child_id_fkey
-- finds: public.later.later_id_key
-- finds: public.parted.own
-- finds: public.some_1.own
-- fix: runs
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- the triggers of the referenced table, which act on its deletes
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent);
ALTER TABLE parent DISABLE TRIGGER ALL;
CREATE TABLE later (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE later DISABLE TRIGGER ALL;
-- a partitioned table with all its partitions, and one partition alone
CREATE TABLE parted (id int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);
CREATE TRIGGER own BEFORE INSERT ON parted FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE parted DISABLE TRIGGER ALL;
ALTER TABLE parted_1 DISABLE TRIGGER ALL;
CREATE TABLE "some" (id int) PARTITION BY RANGE (id);
CREATE TABLE some_1 PARTITION OF "some" FOR VALUES FROM (0) TO (9);
CREATE TRIGGER own BEFORE INSERT ON "some" FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE some_1 DISABLE TRIGGER own;
