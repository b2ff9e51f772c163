"""How the network that reads signal heads is made."""
