-- limits: leave_out='json,timestamp'
CREATE TABLE t (a json, b timestamp, c json[]);
