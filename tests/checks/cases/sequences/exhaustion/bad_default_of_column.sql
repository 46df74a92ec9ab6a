-- A default that calls nextval, without OWNED BY: the sequence is bigint, the column is not.
-- finds: public.plain
-- finds: public.shared
-- finds: public.through_domain
-- finds: public.digits
-- finds: public.above
-- finds: public.cast_to_it
-- finds: other.partitioned
CREATE SEQUENCE plain;
CREATE TABLE t1 (id int DEFAULT nextval('plain'));
SELECT setval('plain', 2000000000);
-- The tightest of several columns decides.
CREATE SEQUENCE shared;
CREATE TABLE t2 (id bigint DEFAULT nextval('shared'));
CREATE TABLE t3 (id smallint DEFAULT nextval('shared'), code text DEFAULT 'a' || nextval('shared'));
SELECT setval('shared', 32000);
CREATE DOMAIN inner_key AS int;
CREATE DOMAIN key AS inner_key CHECK (VALUE > 0);
CREATE SEQUENCE through_domain;
CREATE TABLE t4 (id key DEFAULT nextval('through_domain'));
SELECT setval('through_domain', 2000000000);
CREATE SEQUENCE digits;
CREATE TABLE t5 (id numeric(5) DEFAULT nextval('digits'));
SELECT setval('digits', 99000);
-- Its first value does not fit already.
CREATE SEQUENCE above MINVALUE 3000000000;
CREATE TABLE t6 (id int DEFAULT nextval('above'));
CREATE SCHEMA other;
CREATE SEQUENCE other.partitioned;
CREATE TABLE t7 (id int DEFAULT nextval('other.partitioned'), d int) PARTITION BY LIST (d);
CREATE TABLE t7_1 PARTITION OF t7 FOR VALUES IN (1);
CREATE TABLE t7_2 PARTITION OF t7 FOR VALUES IN (2);
SELECT setval('other.partitioned', 2100000000);
CREATE SEQUENCE cast_to_it;
CREATE TABLE t8 (id key DEFAULT CAST(nextval('cast_to_it')::numeric(12) AS int));
SELECT setval('cast_to_it', 2000000000);
