-- finds: public.of_key_unique
-- finds: public.of_constraint_unique
-- finds: public.of_identity_unique
-- finds: public.of_referenced_unique
-- finds: public.of_clustered_1
-- finds: public.of_exclusion_plain
-- The one to keep is made last, each time.
CREATE TABLE of_key (a int NOT NULL);
CREATE UNIQUE INDEX of_key_unique ON of_key (a);
ALTER TABLE of_key ADD PRIMARY KEY (a);

CREATE TABLE of_constraint (a int);
CREATE UNIQUE INDEX of_constraint_unique ON of_constraint (a);
ALTER TABLE of_constraint ADD UNIQUE (a);

CREATE TABLE of_identity (a int NOT NULL);
CREATE UNIQUE INDEX of_identity_unique ON of_identity (a);
CREATE UNIQUE INDEX of_identity_kept ON of_identity (a);
ALTER TABLE of_identity REPLICA IDENTITY USING INDEX of_identity_kept;

-- PostgreSQL binds a foreign key to a unique index, the oldest of those that fit
CREATE TABLE of_referenced (a int);
CREATE UNIQUE INDEX of_referenced_kept ON of_referenced (a);
CREATE TABLE refers (a int REFERENCES of_referenced (a));
CREATE UNIQUE INDEX of_referenced_unique ON of_referenced (a);

CREATE TABLE of_clustered (a int);
CREATE INDEX of_clustered_1 ON of_clustered (a);
CREATE INDEX of_clustered_2 ON of_clustered (a);
ALTER TABLE of_clustered CLUSTER ON of_clustered_2;

CREATE TABLE of_exclusion (area box);
CREATE INDEX of_exclusion_plain ON of_exclusion USING gist (area);
CREATE INDEX of_exclusion_plain_2 ON of_exclusion USING gist (area) WHERE area IS NOT NULL;
ALTER TABLE of_exclusion ADD EXCLUDE USING gist (area WITH &&);
