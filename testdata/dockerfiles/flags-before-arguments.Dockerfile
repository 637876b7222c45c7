FROM --platform=$BUILDPLATFORM a AS b
RUN --mount=type=cache,target=/c \
  --mount=type=secret,id="d e" --network=none f --not-a-flag
COPY --from=b --chmod=755 -- --g /h
RUN -x
