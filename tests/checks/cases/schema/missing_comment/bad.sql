-- finds: public.bills
-- finds: public."Bi lls %s {x}"
-- finds: undocumented
CREATE TABLE orders (id int);
COMMENT ON TABLE orders IS 'What was ordered';
CREATE TABLE bills (id int);
COMMENT ON COLUMN bills.id IS 'of a column only';
CREATE VIEW "Bi lls %s {x}" AS SELECT id FROM bills;
CREATE SCHEMA undocumented;
CREATE TABLE undocumented.a (id int);
CREATE TABLE undocumented.b (id int);
