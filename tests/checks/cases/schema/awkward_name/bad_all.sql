-- finds: public."Order"
-- finds: public."Order"
-- finds: public."end"
-- Together, and a table once for each matter.
CREATE TABLE "Order" ("user" int, "Id" int, plain int);
CREATE DOMAIN "end" AS int;
