-- A tree in one table, a diamond, and a chain that leads out of one.
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree);
CREATE TABLE top (id int PRIMARY KEY, tree int REFERENCES tree);
CREATE TABLE "left" (id int PRIMARY KEY, top int REFERENCES top);
CREATE TABLE "right" (id int PRIMARY KEY, top int REFERENCES top);
CREATE TABLE bottom (id int REFERENCES "left", other int REFERENCES "right", top int REFERENCES top);
