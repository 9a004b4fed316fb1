"""Terraform's face over HTTP: discovery, the module protocol, archives. Needs database and storage only."""
