"""Tickets: what an approved violation becomes, with its law, its clocks and its notice."""
