# author=me
# escape=`
FROM a
RUN b \
 c
