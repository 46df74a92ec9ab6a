-- finds: public.given_up
-- finds: public."n ever %s {x}"
-- limits: min_window_days=0
CREATE TABLE given_up (id int PRIMARY KEY);
CREATE TABLE "n ever %s {x}" (id int);
VACUUM "n ever %s {x}";
