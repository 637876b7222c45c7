FROM a
RUN [ -f x ] && y
CMD ['b']
ENTRYPOINT ["c",]
RUN ["d"] e
VOLUME [f]
