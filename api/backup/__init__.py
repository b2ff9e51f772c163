"""Backup and restore of an office: database, write-ahead log, evidence, secrets and keys."""
