"""Telling owners: letters in batches, e-mail, WhatsApp; the signed link; and whether a message is really ours."""
