-- finds: public."ch.ild 100%s {x}"."pa'ir ""of"""
CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE "ch.ild 100%s {x}" (
    a int NOT NULL, b int, CONSTRAINT "pa'ir ""of""" FOREIGN KEY (a, b) REFERENCES parent);
