"""Money: virtual accounts, QRIS, the bank's callbacks, a ledger in double entry, reconciliation, refunds."""
