"""What must go when its time is over, by the rules of the jurisdiction."""
