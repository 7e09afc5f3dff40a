"""`python -m holdfast`."""

from holdfast.app.main import main

main()
