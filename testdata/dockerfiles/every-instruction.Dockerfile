# syntax=docker/dockerfile:1
ARG VERSION=3.20
FROM alpine:${VERSION} AS build
LABEL org.opencontainers.image.title="an example" vendor=none
ENV A=1 B="two words" C=three\ words
ARG TARGETARCH DEBUG=
WORKDIR /src dir
COPY --chown=1000:1000 --link a.txt b.txt ./
ADD --checksum=sha256:0 https://example.org/x.tgz /x/
RUN make all
SHELL ["/bin/ash", "-eo", "pipefail", "-c"]
USER nobody:nobody
EXPOSE 80 443/tcp $PORT
VOLUME /data /logs
VOLUME ["/a b", "/c"]
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=5s --retries=3 CMD curl -f http://localhost/ || exit 1
HEALTHCHECK CMD ["/health"]
HEALTHCHECK NONE
MAINTAINER Jane Doe <jane@example.org>
ONBUILD COPY . /app
ENTRYPOINT ["/app", "--serve"]
CMD ["-v"]
