"""Measurements of Terrasmith on one machine. Prints figures; asserts nothing, and is no part of what gets installed."""
