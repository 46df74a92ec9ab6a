CREATE TABLE keyed (a int PRIMARY KEY);
CREATE TABLE not_published (a int);
ALTER TABLE not_published REPLICA IDENTITY FULL;
CREATE TABLE only_inserted (a int);
ALTER TABLE only_inserted REPLICA IDENTITY FULL;
CREATE PUBLICATION good FOR TABLE keyed;
CREATE PUBLICATION good_inserts FOR TABLE only_inserted WITH (publish = 'insert');
