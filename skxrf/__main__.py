"""``python -m skxrf`` is the command ``skxrf``."""

from skxrf.cli import main

if __name__ == "__main__":
    main()
