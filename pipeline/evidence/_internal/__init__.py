"""What the evidence contract is made of; import the modules above instead."""
