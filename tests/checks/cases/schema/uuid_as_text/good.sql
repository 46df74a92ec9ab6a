-- Real uuids; keys that are no uuids though they are called so; names nobody knows anything about.
CREATE TABLE users (id uuid PRIMARY KEY, order_id text, uuid text, slug varchar(36));
INSERT INTO users SELECT md5(g::text)::uuid, 'order-' || g, 'uuid:' || g, 'slug ' || g FROM generate_series(1, 500) AS g;
ANALYZE users;
CREATE TABLE fresh (id text, token text, name text);
