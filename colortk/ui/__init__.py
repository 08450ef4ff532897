"""The page of ``colortk ui``: colorize, compare, films and the survey, for people with a browser."""
