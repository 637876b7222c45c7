# escape=`
FROM a
RUN b `
  copy c d
RUN e \
RUN f
