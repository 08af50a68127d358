"""How posts are put into words, how others' words are quoted, how replies are offered and read."""
