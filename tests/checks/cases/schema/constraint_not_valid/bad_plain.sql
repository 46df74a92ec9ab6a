-- finds: public.child.child_id_fkey
-- finds: public.child.positive
-- finds: public."do.main"."ch'eck 100%s {x} ""y"""
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int);
ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES parent NOT VALID;
ALTER TABLE child ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
CREATE DOMAIN "do.main" AS int;
ALTER DOMAIN "do.main" ADD CONSTRAINT "ch'eck 100%s {x} ""y""" CHECK (VALUE > 0) NOT VALID;
