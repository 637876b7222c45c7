FROM a
LABEL motto="häßlich ☃" 名=前
RUN echo "ü" \
  && écho 😀
