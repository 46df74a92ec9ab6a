-- since: 18
CREATE EXTENSION btree_gist;
CREATE TABLE room (room int, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
CREATE TABLE scalars (room int, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES room (room, PERIOD during));
CREATE INDEX ON scalars (room);
CREATE TABLE both_gist (room int, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES room (room, PERIOD during));
CREATE INDEX ON both_gist USING gist (during, room);
CREATE TABLE temporal (room int, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS),
                       FOREIGN KEY (room, PERIOD during) REFERENCES room (room, PERIOD during));
-- a key that is not enforced searches nothing
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE unenforced (id int, FOREIGN KEY (id) REFERENCES customer NOT ENFORCED);
