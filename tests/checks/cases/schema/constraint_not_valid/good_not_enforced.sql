-- since: 18
CREATE TABLE t (a int CONSTRAINT promised CHECK (a > 0) NOT ENFORCED);
