"""Sample clips, scenes, register and jurisdictions, installed as data so that the commands find them."""
