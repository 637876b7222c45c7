FROM a
RUN b <<<c && echo $((1<<2)) '<<D' x<<E \<<F
CMD cat <<G
RUN ["cat", "<<H"]
ENV I=<<J
