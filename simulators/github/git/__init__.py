"""Git on disk for the simulated repositories: objects and refs in plain Python, git itself for the wire and for diffs."""
