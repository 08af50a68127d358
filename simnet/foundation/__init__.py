"""What everything else may use: text, files, logging, checks of arguments, the user's code."""
