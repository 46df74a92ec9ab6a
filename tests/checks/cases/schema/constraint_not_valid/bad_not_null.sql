-- since: 18
-- finds: public.t.given
CREATE TABLE t (a int);
ALTER TABLE t ADD CONSTRAINT given NOT NULL a NOT VALID;
