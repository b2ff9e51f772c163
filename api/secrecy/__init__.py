"""Personal data at rest: sealed field by field, and case by case with keys that can be destroyed."""
