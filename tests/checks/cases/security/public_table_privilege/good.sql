CREATE TABLE t (a int, b int);
GRANT SELECT ON t TO pg_monitor;
GRANT UPDATE (b) ON t TO pg_monitor;
CREATE TABLE revoked (a int);
GRANT ALL ON revoked TO PUBLIC;
REVOKE ALL ON revoked FROM PUBLIC;
CREATE TABLE dropped (a int, b int);
GRANT SELECT (b) ON dropped TO PUBLIC;
ALTER TABLE dropped DROP COLUMN b;
