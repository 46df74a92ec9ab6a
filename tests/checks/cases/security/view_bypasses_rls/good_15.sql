-- since: 15
CREATE TABLE guarded (a int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE VIEW asks_as_its_reader WITH (security_invoker) AS SELECT * FROM guarded;
CREATE VIEW so_does_this WITH (security_invoker = true) AS SELECT * FROM asks_as_its_reader;
CREATE VIEW bound_owner AS SELECT * FROM guarded;
ALTER VIEW bound_owner OWNER TO pg_monitor;
