-- since: 18
-- finds: public."ta.ble 100%s {x}"."pro'mised ""so"""
-- finds: public.child.child_id_fkey
CREATE TABLE "ta.ble 100%s {x}" (a int CONSTRAINT "pro'mised ""so""" CHECK (a > 0) NOT ENFORCED);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent NOT ENFORCED);
