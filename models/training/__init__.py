"""How each network is made, as commands that anyone can run again."""
