"""Contests (sanggah): the owner says that a ticket is wrong, and a person must answer within a day."""
