-- finds: public
-- limits: min_commented_pct=60
CREATE TABLE orders (id int);
COMMENT ON TABLE orders IS 'What was ordered';
CREATE TABLE bills (id int);
