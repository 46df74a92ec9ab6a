-- finds: public.bare
-- finds: public.nothing
-- finds: public.lost
-- finds: public.deferred
CREATE TABLE bare (a int);
CREATE TABLE nothing (a int PRIMARY KEY);
ALTER TABLE nothing REPLICA IDENTITY NOTHING;
CREATE TABLE lost (a int NOT NULL);
CREATE UNIQUE INDEX lost_a ON lost (a);
ALTER TABLE lost REPLICA IDENTITY USING INDEX lost_a;
DROP INDEX lost_a;
CREATE TABLE deferred (a int PRIMARY KEY DEFERRABLE);
CREATE PUBLICATION bad_plain FOR TABLE bare, nothing, lost, deferred;
