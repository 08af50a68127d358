"""Running a study: its folder, its units in one or several processes, and by which code."""
