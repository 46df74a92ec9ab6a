-- PostgreSQL 18 shows where a sequence was restarted before it gives a value.
-- since: 18
-- finds: public.restarted
CREATE SEQUENCE restarted AS int;
ALTER SEQUENCE restarted RESTART 2147483640;
