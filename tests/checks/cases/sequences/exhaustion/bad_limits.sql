-- finds: public.half
-- limits: warn_pct=50.0 crit_pct=99.0
CREATE SEQUENCE half AS smallint;
SELECT setval('half', 17000);
CREATE SEQUENCE fresh AS smallint;
SELECT nextval('fresh');
