-- Bounds of its own, steps, the way down, and a cycle that its column does not let come round.
-- finds: public.custom_maximum
-- finds: public.down_to_custom_minimum
-- finds: public.down
-- finds: public.steps
-- finds: public.nearly_bigint
-- finds: public.cycle_of_bigint
CREATE SEQUENCE custom_maximum MAXVALUE 1000;
SELECT setval('custom_maximum', 850);
CREATE SEQUENCE down_to_custom_minimum INCREMENT -1 MINVALUE 1 MAXVALUE 1000 START 1000;
SELECT setval('down_to_custom_minimum', 5);
CREATE SEQUENCE down INCREMENT -1;
CREATE TABLE t1 (id smallint DEFAULT nextval('down'));
SELECT setval('down', -32000);
-- Three values of three are given, though a twentieth of the range is left.
CREATE SEQUENCE steps INCREMENT 1000000000;
CREATE TABLE t2 (id int DEFAULT nextval('steps'));
SELECT nextval('steps'), nextval('steps'), nextval('steps');
CREATE SEQUENCE nearly_bigint;
SELECT setval('nearly_bigint', 9223372036854775807);
CREATE SEQUENCE cycle_of_bigint CYCLE;
CREATE TABLE t3 (id int DEFAULT nextval('cycle_of_bigint'));
SELECT setval('cycle_of_bigint', 2147483000);
