-- finds: public.refers_id_idx
-- limits: min_window_days=0.0 min_bytes=8000
-- INFO without a remedy: a delete in the referenced table needs it.
CREATE TABLE referenced (id int PRIMARY KEY);
CREATE TABLE refers (id int REFERENCES referenced);
CREATE INDEX ON refers (id);
