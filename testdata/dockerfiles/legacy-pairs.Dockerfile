FROM a
ENV KEY some value with  spaces
LABEL key 'quoted value'
ENV PATH $PATH:/x
