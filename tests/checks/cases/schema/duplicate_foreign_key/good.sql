CREATE TABLE parent (id int PRIMARY KEY, code int UNIQUE);
CREATE TABLE child (first int REFERENCES parent, second int REFERENCES parent, code int REFERENCES parent (code));
ALTER TABLE child ADD FOREIGN KEY (first) REFERENCES parent (code);
CREATE TABLE parts (id int REFERENCES parent) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9);
