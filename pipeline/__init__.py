"""The roadside half: a camera stream in, signed violation packages out. Knows nothing of the office."""
