FROM a
RUN <<EOF
set -e
# not a comment of the file
b \
  c
EOF
RUN d
