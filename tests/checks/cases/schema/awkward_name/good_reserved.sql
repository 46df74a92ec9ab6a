-- limits: leave_out='quoting,length'
-- Words that mean something to the server and may be used as they are, and those that only look alike.
CREATE TABLE orders (id int, name text, value int, type text, date date, status int, "Order" int, between_them int, gone int);
ALTER TABLE orders RENAME gone TO "select";
ALTER TABLE orders DROP COLUMN "select";
CREATE SCHEMA data;
CREATE FUNCTION left(int) RETURNS int LANGUAGE sql AS 'SELECT left(1)';
