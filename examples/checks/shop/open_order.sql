/*
title = "Order that nobody pays for"
why = "Stock is set aside for it. A false alarm: customers who pay by letter."
severity = { by = "open_days", warning = "days", critical = "worse_days" }
message = "Order {number} has been open for {open_days} days."
columns = { number = "int", open_days = "int" }

[target]
kind = "order"
name = "number"

[limits]
days = { default = 14, unit = "days", doc = "A warning from here on." }
worse_days = { default = 60, unit = "days", doc = "Critical from here on." }
*/
SELECT o.number,
       (CURRENT_DATE - o.made)::int AS open_days
  FROM shop.orders AS o
 WHERE o.paid IS NULL
   AND o.made <= CURRENT_DATE - :days
 ORDER BY o.made
