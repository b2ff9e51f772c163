"""What a signal head shows."""
