-- Of one type; bounded to fit; bounded on purpose; cycling; of nobody; of a numeric column; identity.
CREATE TABLE t (a serial, b bigserial, c smallserial, d int, e int GENERATED ALWAYS AS IDENTITY, f numeric, g bigint);
CREATE SEQUENCE fits MAXVALUE 2147483647 OWNED BY t.d;
CREATE SEQUENCE cycles CYCLE OWNED BY t.d;
CREATE SEQUENCE free AS integer;
CREATE SEQUENCE of_numeric OWNED BY t.f;
CREATE SEQUENCE bounded AS integer MAXVALUE 1000 OWNED BY t.g;
ALTER TABLE t ALTER e TYPE bigint;
