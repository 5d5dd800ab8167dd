"""Run the command line as ``python -m edgepair``."""

from edgepair.apps.cli import main

if __name__ == "__main__":
    main()
