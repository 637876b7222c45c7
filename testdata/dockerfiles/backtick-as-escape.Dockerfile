# escape=`
FROM a
RUN dir C:\ `
  && b
ENV A=b` c D=e\
COPY a `
  b
