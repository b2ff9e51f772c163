"""What riders of motorcycles wear on their heads."""
