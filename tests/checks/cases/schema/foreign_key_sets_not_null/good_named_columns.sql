-- since: 15
CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE child (a int NOT NULL, b int, FOREIGN KEY (a, b) REFERENCES parent ON DELETE SET NULL (b));
