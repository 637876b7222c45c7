FROM scratch
RUN <<EOF
true
EOF