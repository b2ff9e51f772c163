"""From a sealed package to the office's receipt: a durable spool on the box, and the sender that empties it.

- `spool`: `Spool` keeps each package until the office has answered for it, and holds the chain of each camera
- `sender`: `Sender` posts them, in order, until each is acknowledged or refused
- `spooled`, `rows`, `storage`: what it tells, what it knows, what it stands on
- `errors`: what can go wrong, each with what to do
"""
