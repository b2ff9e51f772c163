"""How well each network does, as commands that anyone can run again."""
