"""`python -m terrasmith` is `terrasmith`: how the supervisor starts its children, whatever PATH says."""

from terrasmith.main import main

main()
