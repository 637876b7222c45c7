FROM --plattform=x a
RUN --mount c
COPY --link=maybe --link=true --from= a b
COPY --link --link a b
COPY --parents=TRUE --exclude=a --exclude=b a b
ENV --x a=b
CMD --y z
