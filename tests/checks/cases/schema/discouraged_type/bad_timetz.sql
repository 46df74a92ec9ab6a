-- finds: public.t.a
-- limits: leave_out='json'
CREATE TABLE t (a timetz, b json, c time);
