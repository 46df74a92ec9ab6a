-- since: 18
-- finds: public.nothing.nothing_room_during_fkey
-- finds: public.only_period.only_period_room_during_fkey
-- finds: public.behind.behind_room_during_fkey
CREATE EXTENSION btree_gist;
CREATE TABLE room (room int, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
CREATE TABLE nothing (room int, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES room (room, PERIOD during));
CREATE TABLE only_period (room int, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES room (room, PERIOD during));
CREATE INDEX ON only_period USING gist (during);
CREATE TABLE behind (room int, during daterange, x int, FOREIGN KEY (room, PERIOD during) REFERENCES room (room, PERIOD during));
CREATE INDEX ON behind (x, room);
