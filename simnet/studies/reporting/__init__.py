"""The report of a study, from its folder: no code of the study is run for it."""
