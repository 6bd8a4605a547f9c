"""`python -m app` is `pult`."""

from app.cli import main

main(prog_name="pult")
