-- finds: "watch er %s {x}"
-- finds: on_replica
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER "watch er %s {x}" ON ddl_command_end EXECUTE FUNCTION watch();
ALTER EVENT TRIGGER "watch er %s {x}" DISABLE;
CREATE EVENT TRIGGER on_replica ON sql_drop EXECUTE FUNCTION watch();
ALTER EVENT TRIGGER on_replica ENABLE REPLICA;
