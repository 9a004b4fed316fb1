"""Plain web pages of the simulated GitHub: a visitor picks who they are, reads, comments, reviews and merges."""
