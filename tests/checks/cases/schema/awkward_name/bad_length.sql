-- limits: leave_out='quoting,reserved'
-- finds: public.a_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx
-- finds: public.t
-- finds: public.i_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx
-- finds: public.f_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx
-- finds: public.y_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx
-- finds: s_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx
-- finds: public."ü{%s ""q""} üüüüüüüüüüüüüüüüüüüüüüüüüxy"
CREATE TABLE a_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx (id int);
CREATE TABLE t (
    c_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx int,
    CONSTRAINT k_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx CHECK (c_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx > 0)
);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx_whose_end_is_cut BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE INDEX i_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx_whose_end_is_cut ON t (c_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx);
CREATE FUNCTION f_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE y_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx AS ENUM ('a');
CREATE SCHEMA s_name_of_exactly_sixty_three_bytes_xxxxxxxxxxxxxxxxxxxxxxxxxxx;
CREATE VIEW "ü{%s ""q""} üüüüüüüüüüüüüüüüüüüüüüüüüxy" AS SELECT 1 AS a;
