-- finds: public.goods.price
-- finds: public.goods.unit_price_eur
-- finds: public."Ge hälter".balance
-- finds: public."Ge hälter"."unitPrice"
CREATE TABLE goods (id int, price real, unit_price_eur double precision, weight real, amount numeric, price_list text);
CREATE TABLE "Ge hälter" (balance float, "unitPrice" float);
