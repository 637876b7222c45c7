FROM a
RUN cat <<'EOF' > /b && \
    c
$d
EOF
