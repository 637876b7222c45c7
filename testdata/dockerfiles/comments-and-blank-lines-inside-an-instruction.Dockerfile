FROM a
RUN b && \
# at the margin
    # indented

   	
    c && \

    d # not a comment
# after
