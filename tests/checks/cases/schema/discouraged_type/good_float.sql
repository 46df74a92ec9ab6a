CREATE TABLE goods (id int, price numeric(10, 2), weight real, feet double precision, taxonomy real, accredited real, tax_rate real, "discountPct" float);
