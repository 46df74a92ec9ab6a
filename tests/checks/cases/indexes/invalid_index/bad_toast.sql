-- finds: pg_toast.left_behind_ccnew
CREATE TABLE t (a text);
UPDATE pg_index SET indisvalid = FALSE
 WHERE indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = 't'::regclass);
UPDATE pg_class SET relname = 'left_behind_ccnew'
 WHERE oid = (SELECT indexrelid FROM pg_index
               WHERE indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = 't'::regclass));
