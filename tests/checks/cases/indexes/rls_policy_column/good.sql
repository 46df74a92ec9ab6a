-- limits: min_rows=100
-- Indexed; one of two indexed; what concerns writing; not enabled; small; of another table; restrictive.
CREATE TABLE t (id int PRIMARY KEY, tenant int, owner text, filler text);
INSERT INTO t SELECT g, g % 10 FROM generate_series(1, 200) AS g;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE INDEX ON t (tenant, id);
CREATE POLICY tenant ON t USING (tenant = 1);
CREATE POLICY either ON t USING (owner = current_user AND tenant = 2);
CREATE POLICY written ON t FOR INSERT WITH CHECK (owner = current_user);
CREATE POLICY all_see ON t FOR SELECT USING (true);
CREATE TABLE off (owner text);
INSERT INTO off SELECT g::text FROM generate_series(1, 200) AS g;
CREATE POLICY mine ON off USING (owner = current_user);
CREATE TABLE small (owner text);
ALTER TABLE small ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON small USING (owner = current_user);
CREATE TABLE checked (id int PRIMARY KEY, owner text);
INSERT INTO checked SELECT g FROM generate_series(1, 200) AS g;
ALTER TABLE checked ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_see_own_is_written ON checked USING (true) WITH CHECK (owner = current_user);
CREATE TABLE expressed (id int PRIMARY KEY, tenant text);
INSERT INTO expressed SELECT g FROM generate_series(1, 200) AS g;
ALTER TABLE expressed ENABLE ROW LEVEL SECURITY;
CREATE POLICY lowered ON expressed USING (lower(tenant) = current_user);
CREATE INDEX ON expressed (lower(tenant));
ANALYZE;
