-- since: 15
-- finds: public.parted.parted_id_fkey
-- Before 15 the partitions alone have triggers that can be disabled, and each is told by itself.
CREATE TABLE referenced (id int PRIMARY KEY);
CREATE TABLE parted (id int REFERENCES referenced) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (9) TO (99);
ALTER TABLE parted DISABLE TRIGGER ALL;
ALTER TABLE parted_1 DISABLE TRIGGER ALL;
ALTER TABLE parted_2 DISABLE TRIGGER ALL;
