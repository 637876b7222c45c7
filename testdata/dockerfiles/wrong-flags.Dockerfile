FROM --plattform=x a
RUN --mount c
COPY --link=maybe --link=true --from= a b
COPY --link --link a b
COPY --parents=TRUE --exclude=a --exclude=b a b
ENV --x a=b
CMD --y z
RUN --network=bridge --security=none a
HEALTHCHECK --interval=5 --timeout=1us --retries=-1 --start-period=0 CMD b
