ARG a
# b
