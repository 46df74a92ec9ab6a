CREATE DOMAIN given AS text CHECK (VALUE IS NOT NULL);
CREATE TYPE pair AS (a int, b int);
CREATE TABLE people (
    name text CHECK (name IS NOT NULL),
    nick text NOT NULL CHECK (nick <> ''),
    other text NOT NULL CHECK (lower(other) IS NOT NULL),
    either text NOT NULL CHECK (either IS NULL OR either <> ''),
    pair pair NOT NULL CHECK (pair IS NOT NULL),
    age int CHECK (age >= 18) CHECK (age >= 19)
);
CREATE TABLE others (age int CHECK (age >= 18));
