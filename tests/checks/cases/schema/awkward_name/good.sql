CREATE TABLE orders (id int PRIMARY KEY, name text, customer int REFERENCES orders CHECK (customer > 0));
CREATE VIEW seen AS SELECT id FROM orders;
CREATE TYPE state AS ENUM ('New');
