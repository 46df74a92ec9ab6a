-- finds: public.parted.positive
-- finds: public.parent.positive
-- what is handed down is told of, and validated with, the parent
CREATE TABLE parted (id int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);
ALTER TABLE parted ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
ALTER TABLE parent ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
