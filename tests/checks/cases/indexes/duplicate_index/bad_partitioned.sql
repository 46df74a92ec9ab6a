-- finds: public.twice_2
-- finds: public.local_1_plain
-- finds: public.own_2
CREATE TABLE twice (a int, day int) PARTITION BY RANGE (day);
CREATE TABLE twice_p1 PARTITION OF twice FOR VALUES FROM (0) TO (10);
CREATE TABLE twice_p2 PARTITION OF twice FOR VALUES FROM (10) TO (20);
CREATE INDEX twice_1 ON twice (a);
CREATE INDEX twice_2 ON twice (a);

-- one that belongs to the parent's stays, and the partition's own goes, though it is older
CREATE TABLE local (a int, day int) PARTITION BY RANGE (day);
CREATE TABLE local_1 (day int, a int);
CREATE INDEX local_1_plain ON local_1 (a);
CREATE INDEX local_1_attached ON local_1 (a);
ALTER TABLE local ATTACH PARTITION local_1 FOR VALUES FROM (0) TO (10);
CREATE INDEX local_all ON ONLY local (a);
ALTER INDEX local_all ATTACH PARTITION local_1_attached;

CREATE TABLE own (a int, day int) PARTITION BY RANGE (day);
CREATE TABLE own_p1 PARTITION OF own FOR VALUES FROM (0) TO (10);
CREATE INDEX own_1 ON own_p1 (a);
CREATE INDEX own_2 ON own_p1 (a);
