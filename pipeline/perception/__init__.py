"""What is in the pictures: road users followed over time, the phase of signals, the text of plates."""
