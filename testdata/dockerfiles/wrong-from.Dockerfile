FROM a b
FROM a AS
FROM a to b
FROM a AS 1b
FROM a AS b c
FROM a AS ok-1.2_3
