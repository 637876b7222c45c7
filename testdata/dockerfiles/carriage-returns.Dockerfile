# escape=\
FROM a
RUN b \
  c

RUN <<EOF
d
EOF
CMD ["e"]
