CREATE DOMAIN identifier AS bigint;
CREATE DOMAIN narrower AS identifier CHECK (VALUE > 0);
CREATE TABLE big (id bigint PRIMARY KEY, name varchar(50) UNIQUE, price numeric(9, 2) UNIQUE, note text UNIQUE);
CREATE TABLE same (id bigint REFERENCES big, name varchar(50) REFERENCES big (name), again identifier REFERENCES big,
                   domain narrower REFERENCES big, price numeric(9, 2) REFERENCES big (price),
                   note text REFERENCES big (note));
CREATE TABLE parts (id bigint, big bigint REFERENCES big) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9);
