"""Training of `traffic-n`: labels by teachers, then fine-tuning of a COCO network."""
