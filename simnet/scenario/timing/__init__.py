"""When people look: rhythms, times of the day, joining and leaving."""
