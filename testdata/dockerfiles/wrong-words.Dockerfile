FROM a
ENV A="b C=d
ENV E=${F G=${H^} I=${}
ENV "P=q"
WORKDIR 'j
COPY ["${k", "l"]
COPY a <<EOF
m
EOF
RUN n
