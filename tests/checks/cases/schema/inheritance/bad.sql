-- finds: public.parent
-- finds: public.bare
-- finds: "sch ema %"."ch ild {x}"
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE parent (id int PRIMARY KEY, other int REFERENCES other, code text UNIQUE);
CREATE TABLE bare () INHERITS (parent);
CREATE TABLE whole (more text, PRIMARY KEY (id), UNIQUE (code), FOREIGN KEY (other) REFERENCES other) INHERITS (parent);
CREATE SCHEMA "sch ema %";
CREATE TABLE "sch ema %"."ch ild {x}" (PRIMARY KEY (id), UNIQUE (code)) INHERITS (public.parent);
