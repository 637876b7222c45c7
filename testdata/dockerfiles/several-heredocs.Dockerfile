FROM a
RUN <<A cat 3<<-B && \
  <<"C D" e
one
A
	two
	B
three
C D
CMD f
