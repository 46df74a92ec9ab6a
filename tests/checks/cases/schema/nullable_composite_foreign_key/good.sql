CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE given (a int NOT NULL, b int NOT NULL, FOREIGN KEY (a, b) REFERENCES parent);
CREATE TABLE full_match (a int, b int, FOREIGN KEY (a, b) REFERENCES parent MATCH FULL);
CREATE TABLE said (a int, b int, FOREIGN KEY (a, b) REFERENCES parent, CHECK ((a IS NULL) = (b IS NULL)));
CREATE TABLE alone (a int PRIMARY KEY);
CREATE TABLE single (a int REFERENCES alone);
