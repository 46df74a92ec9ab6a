-- finds: public.twice_a_key
-- finds: public.identity_clustered
-- Told without a remedy: each of the two belongs to something that an index alone can't be dropped from.
CREATE TABLE twice (a int PRIMARY KEY);
ALTER TABLE twice ADD UNIQUE (a);
CREATE TABLE identity (a int NOT NULL);
CREATE UNIQUE INDEX identity_kept ON identity (a);
CREATE UNIQUE INDEX identity_clustered ON identity (a);
ALTER TABLE identity REPLICA IDENTITY USING INDEX identity_kept;
ALTER TABLE identity CLUSTER ON identity_clustered;
