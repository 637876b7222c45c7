#syntax=docker/dockerfile:1
# CHECK = skip=all ; error=true 
# a comment ends them
# escape=`
FROM a
RUN b \
 c
