"""``python -m colortk`` is the command ``colortk``."""

from colortk.cli.main import main

if __name__ == "__main__":
    main()
