-- finds: public.refers.refers_number_fkey
-- finds: public.refers_text.refers_text_code_fkey
-- finds: public.refers_domain.refers_domain_number_fkey
-- An index is there, but the key compares number::numeric and code::text, which it can't answer.
CREATE TABLE referenced (number numeric PRIMARY KEY, code text UNIQUE);
CREATE TABLE refers (number int REFERENCES referenced);
CREATE INDEX ON refers (number);
CREATE TABLE refers_text (code char(10) REFERENCES referenced (code));
CREATE INDEX ON refers_text (code);
CREATE DOMAIN whole AS int;
CREATE DOMAIN positive AS whole CHECK (VALUE > 0);
CREATE TABLE refers_domain (number positive REFERENCES referenced);
CREATE INDEX ON refers_domain (number);
