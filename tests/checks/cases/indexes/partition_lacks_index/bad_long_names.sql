-- finds: public.measurement_events_by_customer_and_region_of_the_world_2024_01
-- finds: public.measurement_events_by_customer_and_region_of_the_world_2024_02
CREATE TABLE measurement_events (id int) PARTITION BY RANGE (id);
CREATE TABLE measurement_events_by_customer_and_region_of_the_world_2024_01 PARTITION OF measurement_events
  FOR VALUES FROM (0) TO (10);
CREATE TABLE measurement_events_by_customer_and_region_of_the_world_2024_02 PARTITION OF measurement_events
  FOR VALUES FROM (10) TO (20);
CREATE INDEX measurement_events_by_their_identifier ON ONLY measurement_events (id);
