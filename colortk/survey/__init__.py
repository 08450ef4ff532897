"""The survey: "Is the shown image real?", asked of people about real and colorized pictures."""
