"""Git on disk: objects and refs in plain Python, git itself for the wire and for diffs."""
