-- finds: public.child.child_a_fkey
-- finds: public.child.child_b_fkey
-- finds: public.child.child_c_fkey
-- finds: public."ch ild %"."f k {x}"
CREATE TABLE parent (id int PRIMARY KEY, a int, b int, UNIQUE (a, b));
CREATE TABLE child (
    a int NOT NULL REFERENCES parent ON DELETE SET NULL,
    b int NOT NULL REFERENCES parent ON UPDATE SET NULL,
    c int NOT NULL REFERENCES parent ON DELETE SET DEFAULT
);
CREATE TABLE "ch ild %" (a int NOT NULL, b int, CONSTRAINT "f k {x}" FOREIGN KEY (a, b) REFERENCES parent (a, b) ON DELETE SET NULL);
