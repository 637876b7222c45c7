FROM a
COPY <<b.txt <<"c" d /e/
hello $x
b.txt
raw $x
c
ADD <<f /g
f
