"""What was learned: the model catalogue, loaders, cards, and how each model is trained and measured."""
