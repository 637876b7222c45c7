FROM a
RUN cat << EOF > /b
c
EOF
