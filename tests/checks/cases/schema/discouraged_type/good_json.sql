CREATE TABLE events (id int, payload jsonb, gone json, text text);
ALTER TABLE events DROP COLUMN gone;
CREATE VIEW shown AS SELECT payload::json FROM events;
