-- finds: public."ch.ild 100%s {x}"."twi'ce ""so"""
-- finds: public."ch.ild 100%s {x}".other_rules
-- finds: public.pairs.part_of_it
CREATE TABLE parent (id int PRIMARY KEY, a int, b int, UNIQUE (a, b), UNIQUE (a));
CREATE TABLE "ch.ild 100%s {x}" (id int CONSTRAINT once REFERENCES parent, a int);
ALTER TABLE "ch.ild 100%s {x}" ADD CONSTRAINT "twi'ce ""so""" FOREIGN KEY (id) REFERENCES parent;
ALTER TABLE "ch.ild 100%s {x}" ADD CONSTRAINT other_rules FOREIGN KEY (id) REFERENCES parent ON DELETE CASCADE;
CREATE TABLE pairs (a int, b int, CONSTRAINT whole FOREIGN KEY (a, b) REFERENCES parent (a, b));
ALTER TABLE pairs ADD CONSTRAINT part_of_it FOREIGN KEY (a) REFERENCES parent (a);
