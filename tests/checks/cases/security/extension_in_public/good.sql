CREATE SCHEMA "ex tensions";
CREATE EXTENSION pg_trgm SCHEMA "ex tensions";
