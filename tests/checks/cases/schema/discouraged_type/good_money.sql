-- A number, a column that is gone, a view over a cast, and a temporary table.
CREATE TABLE bills (id int, total numeric(12, 2), currency text, gone money);
ALTER TABLE bills DROP COLUMN gone;
CREATE VIEW shown AS SELECT total::money AS total FROM bills;
CREATE TEMPORARY TABLE t (total money);
