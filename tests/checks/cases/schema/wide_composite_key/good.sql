CREATE TABLE prices (id int PRIMARY KEY, a int, b int, c int, d int, UNIQUE (a, b, c, d));
CREATE TABLE joined (a int, b int, c int, d int, PRIMARY KEY (a, b, c) INCLUDE (d));
