"""The web page of ``colortk ui``: colorize, compare, films and the survey, in a browser."""
