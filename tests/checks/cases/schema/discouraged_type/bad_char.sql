-- finds: public.people.name
-- finds: public.people.codes
-- finds: public.people.unlimited
-- finds: public.people."Kürzel {x} %"
-- finds: public.people.domain_of_it
CREATE DOMAIN zip AS char(5);
CREATE TABLE people (
    id int, name char(20), codes char(3)[], unlimited bpchar, "Kürzel {x} %" character(2), domain_of_it zip
);
