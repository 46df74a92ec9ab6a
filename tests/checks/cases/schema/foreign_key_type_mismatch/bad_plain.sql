-- finds: public.narrow.narrow_big_fkey
-- finds: public.narrow.narrow_small_fkey
-- finds: public.wide.wide_id_fkey
-- finds: public.converted.converted_number_fkey
-- finds: public.texts.texts_name_fkey
-- finds: public.texts.texts_fixed_fkey
-- finds: public.digits.digits_code_fkey
-- finds: public.composite.composite_a_b_fkey
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE big (id bigint PRIMARY KEY);
CREATE TABLE whole (id int PRIMARY KEY);
CREATE TABLE counted (number numeric PRIMARY KEY);
CREATE TABLE named (name varchar(50) PRIMARY KEY);
CREATE TABLE coded (code numeric(9) PRIMARY KEY);
CREATE TABLE pairs (a int, b bigint, PRIMARY KEY (a, b));
CREATE TABLE narrow (big positive REFERENCES big, small smallint REFERENCES whole);
CREATE TABLE wide (id bigint REFERENCES whole);
CREATE TABLE converted (number bigint REFERENCES counted);
CREATE TABLE texts (name varchar(10) REFERENCES named, fixed char(10) REFERENCES named);
CREATE TABLE digits (code numeric(5) REFERENCES coded);
CREATE TABLE composite (a int, b int, FOREIGN KEY (a, b) REFERENCES pairs);
