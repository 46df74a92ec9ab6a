-- Compared as a whole on purpose, GIN, another column in front, a plain value.
CREATE TABLE t (id int, path int[] UNIQUE, tags text[], name text);
CREATE INDEX t_tags ON t USING gin (tags);
CREATE INDEX t_name ON t (name);
CREATE INDEX t_both ON t (id, tags);
CREATE INDEX t_length ON t (cardinality(tags));
