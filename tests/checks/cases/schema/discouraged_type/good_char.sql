-- One character is never padded, and "char" is another type.
CREATE TABLE people (id int, sex char(1), flags char(1)[], kind "char", name varchar(20), code text CHECK (length(code) = 3));
