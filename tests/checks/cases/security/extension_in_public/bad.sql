-- finds: pg_trgm
CREATE EXTENSION pg_trgm SCHEMA public;
