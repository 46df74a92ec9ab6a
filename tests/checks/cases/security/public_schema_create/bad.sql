-- finds: public
-- finds: "sch.ema ""q"" 100% {x}"
CREATE SCHEMA "sch.ema ""q"" 100% {x}";
GRANT CREATE ON SCHEMA "sch.ema ""q"" 100% {x}" TO PUBLIC;
GRANT CREATE ON SCHEMA public TO PUBLIC;
CREATE SCHEMA closed;
GRANT USAGE ON SCHEMA closed TO PUBLIC;
