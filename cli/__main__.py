"""`python -m cli` is `terrasmith`: how the supervisor starts its children, whatever PATH says."""

from cli.main import main

main()
