FROM a
# café
RUN echo ÿþ && b
CMD ["Ã"]
