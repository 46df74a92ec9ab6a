CREATE TABLE t (id int);
BEGIN;
INSERT INTO t VALUES (1);
PREPARE TRANSACTION 'good: a manager finishes it soon';
