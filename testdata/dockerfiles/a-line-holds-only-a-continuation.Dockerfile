\
FROM a
  \

 RUN b
