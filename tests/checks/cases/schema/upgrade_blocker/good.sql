-- The three that are kept; a column that is gone; a view; a temporary table.
CREATE TABLE calls (id int, relation regclass, kind regtype, who regrole, gone regproc, parts pg_catalog.oid);
ALTER TABLE calls DROP COLUMN gone;
CREATE VIEW seen AS SELECT 'pg_catalog.now'::regproc AS function;
CREATE TEMPORARY TABLE t (function regproc);
CREATE TABLE parent (a int NOT NULL);
CREATE TABLE child () INHERITS (parent);
