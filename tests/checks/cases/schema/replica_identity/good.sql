CREATE TABLE keyed (a int PRIMARY KEY);
CREATE TABLE indexed (a int NOT NULL UNIQUE);
ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_a_key;
CREATE TABLE collected (a int);
CREATE TABLE not_published (a int);
CREATE PUBLICATION good FOR TABLE keyed, indexed;
CREATE PUBLICATION good_inserts FOR TABLE collected WITH (publish = 'insert, truncate');
