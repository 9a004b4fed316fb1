"""What the gate found, by the requirements of a framework. Says what is evidence; what that proves is for people."""
