CREATE TABLE events (id int, made timestamptz, rounded timestamp(0) with time zone, day date, "at" time, span interval);
