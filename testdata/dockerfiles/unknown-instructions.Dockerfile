FROM a
RNU b c
RUN d
foo
