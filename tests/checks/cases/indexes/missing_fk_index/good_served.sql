CREATE TABLE customer (id int PRIMARY KEY, code text UNIQUE, tag varchar(20) UNIQUE, mark char(5) UNIQUE,
                       "key" uuid UNIQUE, list int[] UNIQUE, price numeric(12, 2) UNIQUE);
CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));

CREATE TABLE filled (customer_id int REFERENCES customer);
CREATE INDEX ON filled (customer_id) WHERE customer_id IS NOT NULL;
CREATE TABLE filled_not (customer_id int REFERENCES customer);
CREATE INDEX ON filled_not (customer_id) WHERE NOT customer_id IS NULL;
CREATE TABLE filled_pair (a int, b int, FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX ON filled_pair (a, b) WHERE a IS NOT NULL AND b IS NOT NULL;
CREATE TABLE filled_part (a int, b int, FOREIGN KEY (a, b) REFERENCES pair);
CREATE INDEX ON filled_part (b, a) WHERE a IS NOT NULL;

CREATE TABLE hashed (customer_id int REFERENCES customer);
CREATE INDEX ON hashed USING hash (customer_id);
CREATE TABLE patterns (code text REFERENCES customer (code));
CREATE INDEX ON patterns (code text_pattern_ops);
CREATE TABLE narrow_patterns (tag varchar(20) REFERENCES customer (tag));
CREATE INDEX ON narrow_patterns (tag varchar_pattern_ops);
CREATE TABLE radix (code text REFERENCES customer (code));
CREATE INDEX ON radix USING spgist (code);
CREATE TABLE lists (list int[] REFERENCES customer (list));
CREATE INDEX ON lists USING gin (list);

-- types that differ and still compare by the index: varchar and text, and those with a length
CREATE TABLE texts (tag text REFERENCES customer (tag));
CREATE INDEX ON texts (tag);
CREATE TABLE varchars (code varchar(10) REFERENCES customer (code));
CREATE INDEX ON varchars (code);
CREATE TABLE marks (mark char(5) REFERENCES customer (mark));
CREATE INDEX ON marks (mark);
CREATE TABLE uuids ("key" uuid REFERENCES customer ("key"));
CREATE INDEX ON uuids ("key");
CREATE TABLE prices (price numeric(12, 2) REFERENCES customer (price));
CREATE INDEX ON prices (price);
CREATE DOMAIN customer_number AS int CHECK (VALUE > 0);
CREATE TABLE domains (customer_id customer_number REFERENCES customer);
CREATE INDEX ON domains (customer_id);
CREATE DOMAIN good_customer_number AS customer_number;
CREATE TABLE domains_of_domains (customer_id good_customer_number REFERENCES customer);
CREATE INDEX ON domains_of_domains (customer_id);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE moods (mood mood PRIMARY KEY);
CREATE TABLE moody (mood mood REFERENCES moods);
CREATE INDEX ON moody (mood);
