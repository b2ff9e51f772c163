"""How the network that judges heads of riders is made."""
