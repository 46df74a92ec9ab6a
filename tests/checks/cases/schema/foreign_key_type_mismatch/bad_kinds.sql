-- finds: public.c.c_address_fkey
-- finds: public.c.c_at_fkey
-- finds: public.c.c_ratio_fkey
CREATE TABLE p (address inet UNIQUE, at timestamptz UNIQUE, ratio float8 UNIQUE);
CREATE TABLE c (
    address cidr REFERENCES p (address),
    at timestamp REFERENCES p (at),
    ratio real REFERENCES p (ratio)
);
