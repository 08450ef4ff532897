"""The page of ``colortk compare --html``: one file that opens without a network."""
