-- finds: "bad: it's ""a"" 100%s {gid} \ ü"
-- limits: warn_s=0.0
CREATE TABLE t (id int);
BEGIN;
INSERT INTO t VALUES (1);
PREPARE TRANSACTION 'bad: it''s "a" 100%s {gid} \ ü';
