"""The Terraforms that can judge: one port, an implementation a file, and the search for what this machine has."""
