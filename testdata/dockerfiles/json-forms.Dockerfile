FROM a
RUN [ "b" , "c d","\u0065\n" ]
CMD []
COPY ["x y", "$z/", "/w"]
ENTRYPOINT [ "a", \
  # why
  "b" ]
