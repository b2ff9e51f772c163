"""Files that people send, by whatever channel: one door, which lets no metadata and no second nature through."""
