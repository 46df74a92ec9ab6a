-- limits: info_count=3
CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE);
CREATE TEMPORARY TABLE temp (a int PRIMARY KEY, b int UNIQUE, c int UNIQUE);
