-- since: 15
-- finds: public."se quence"
-- finds: public.of_logged
CREATE UNLOGGED SEQUENCE "se quence";
CREATE TABLE logged (id int);
CREATE UNLOGGED SEQUENCE of_logged OWNED BY logged.id;
