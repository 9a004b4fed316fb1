"""The back room: the relay, the queues, the schedule, and one job per file. Holds no domain rules."""
