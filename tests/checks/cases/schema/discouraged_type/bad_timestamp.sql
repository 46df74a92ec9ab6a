-- finds: public.events.made
-- finds: public.events.rounded
-- finds: public."eve'nts %".at
-- finds: public.parted.made
CREATE TABLE events (id int, made timestamp, rounded timestamp(0) without time zone, fine timestamptz, day date);
CREATE TABLE "eve'nts %" (at timestamp);
CREATE TABLE parted (made timestamp) PARTITION BY RANGE (made);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
