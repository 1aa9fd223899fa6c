"""`python -m gtx` is `gtx`."""

from gtx.cli import main

if __name__ == "__main__":
    main()
