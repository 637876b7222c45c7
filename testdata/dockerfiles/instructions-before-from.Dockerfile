ARG a
RUN b
ENV c=d
FROM e
