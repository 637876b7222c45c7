FR\
OM a
RU\
  # comment

N b
