-- finds: "sch.""ema %s{x}"."se'q ""%(a)s {b} <script>"
-- finds: public."se'q ""%(a)s {b} <script>"
-- finds: public."ééééééééééééééééééééééééééééééé_"
CREATE SCHEMA "sch.""ema %s{x}";
CREATE SEQUENCE "sch.""ema %s{x}"."se'q ""%(a)s {b} <script>" AS int;
SELECT setval('"sch.""ema %s{x}"."se''q ""%(a)s {b} <script>"', 2147483647);
CREATE SEQUENCE public."se'q ""%(a)s {b} <script>" AS smallint;
SELECT setval('public."se''q ""%(a)s {b} <script>"', 32767);
-- 63 bytes
CREATE SEQUENCE "ééééééééééééééééééééééééééééééé_" AS smallint;
CREATE TABLE "ta.b""le {0}" ("co.l %s" bigint DEFAULT nextval('"ééééééééééééééééééééééééééééééé_"'));
SELECT setval('"ééééééééééééééééééééééééééééééé_"', 32767);
