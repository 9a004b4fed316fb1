"""The front door, `terrasmith`: one file per group of commands, the supervisor, and the demo. Holds no rules."""
