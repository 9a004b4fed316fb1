"""Conformance: what a Terraform module registry must get right, line by line, asked of any registry over HTTP.

Speaks only what an outside program can speak; knows nothing of our own inside.
"""
