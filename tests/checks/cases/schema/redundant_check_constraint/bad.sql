-- finds: public.people.given
-- finds: public.people.adult_again
-- finds: public."pe ople %"."ch eck {x}"
-- finds: public.parted.given
CREATE TABLE people (name text NOT NULL, age int, CONSTRAINT given CHECK (name IS NOT NULL));
ALTER TABLE people ADD CONSTRAINT adult CHECK (age >= 18);
ALTER TABLE people ADD CONSTRAINT adult_again CHECK (  age   >= 18);
CREATE TABLE "pe ople %" ("na me" text PRIMARY KEY, CONSTRAINT "ch eck {x}" CHECK ("na me" IS NOT NULL));
CREATE TABLE parted (id int NOT NULL, CONSTRAINT given CHECK (id IS NOT NULL)) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
