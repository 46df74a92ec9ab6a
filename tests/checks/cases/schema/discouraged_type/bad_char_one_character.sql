-- finds: public.people.sex
-- limits: min_characters=1
CREATE TABLE people (sex char);
