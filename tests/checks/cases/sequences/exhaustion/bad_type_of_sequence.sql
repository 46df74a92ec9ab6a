-- The sequence is narrower than its column: its type alone stands in the way, and the remedy mends it.
-- finds: public.was_serial_id_seq
-- finds: public.small_for_int
-- finds: public.of_nobody
-- finds: public.falls
-- finds: public.identity_id_seq
-- A serial keeps its integer sequence when the column becomes bigint.
CREATE TABLE was_serial (id serial);
ALTER TABLE was_serial ALTER id TYPE bigint;
SELECT setval('was_serial_id_seq', 2147483647);
CREATE SEQUENCE small_for_int AS smallint;
CREATE TABLE narrow (id int DEFAULT nextval('small_for_int'));
SELECT setval('small_for_int', 30000);
CREATE SEQUENCE of_nobody AS int;
SELECT setval('of_nobody', 2147483640);
CREATE SEQUENCE falls AS int INCREMENT -1;
SELECT setval('falls', -2147483640);
CREATE TABLE identity (id bigint GENERATED ALWAYS AS IDENTITY);
ALTER SEQUENCE identity_id_seq AS smallint;
SELECT setval('identity_id_seq', 32000);
