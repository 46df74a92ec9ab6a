-- Never called, half used, cycling, full range with the default start, wide enough in every way.
CREATE TABLE fresh (id serial);
CREATE TABLE half (id smallserial);
SELECT setval('half_id_seq', 26000);
CREATE TABLE wide (id bigserial, other int);
SELECT setval('wide_id_seq', 3000000000);
CREATE TABLE identity (id bigint GENERATED ALWAYS AS IDENTITY);
SELECT setval('identity_id_seq', 3000000000);
CREATE SEQUENCE cycles AS smallint CYCLE;
SELECT setval('cycles', 32767);
CREATE SEQUENCE cycles_in_time MAXVALUE 1000 CYCLE;
CREATE TABLE fed (id int DEFAULT nextval('cycles_in_time'));
SELECT setval('cycles_in_time', 1000);
CREATE SEQUENCE whole_range MINVALUE -9223372036854775808 START 1;
SELECT nextval('whole_range');
CREATE SEQUENCE down INCREMENT -1;
SELECT nextval('down'), nextval('down');
CREATE SEQUENCE from_below AS int MINVALUE -2147483648 START -2147483648;
SELECT nextval('from_below');
-- Many digits are no limit, and neither is text.
CREATE SEQUENCE numbers;
CREATE TABLE n (a numeric DEFAULT nextval('numbers'), b numeric(38, 2) DEFAULT nextval('numbers'),
                c text DEFAULT nextval('numbers')::text);
SELECT setval('numbers', 5000000000);
-- The catalogue does not know which sequence this default calls.
CREATE SEQUENCE hidden;
CREATE TABLE h (id int DEFAULT nextval('hidden'::text));
SELECT setval('hidden', 2000000000);
-- What goes into the column is not the sequence's value, and stays small.
CREATE SEQUENCE calculated;
CREATE TABLE c (shard smallint DEFAULT nextval('calculated') % 16, digits smallint DEFAULT length(nextval('calculated')::text),
                turn int DEFAULT mod(nextval('calculated'), 3)::int);
SELECT setval('calculated', 3000000000);
-- The column that was too narrow is gone.
CREATE SEQUENCE left_behind;
CREATE TABLE l (id smallint DEFAULT nextval('left_behind'), other int);
ALTER TABLE l DROP COLUMN id;
SELECT setval('left_behind', 32767);
CREATE TEMPORARY SEQUENCE of_a_session AS smallint;
SELECT setval('of_a_session', 32767);
