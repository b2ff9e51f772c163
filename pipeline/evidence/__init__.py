"""The contract between the roadside and the office: package format, shared words, signing and verification.

Imports nothing but the standard library, cryptography and pydantic, so that whoever holds a package and the public keys
can verify it:

- `manifest`: what a package says (camera, place, offence, time, plate, members, chain)
- `package`: `seal(draft, ...)` makes a package at the roadside
- `verify`: `verify(data, keys)` checks one, step by step
- `chain`: `check_chain(...)` compares several packages of a camera
- `keys`: the box's signing key, and the ring of public keys an office trusts
- `dsse`: the signed envelope
- `offence`, `plate_number`: the words both halves share
- `errors`, `limits`: why a package is refused, and how large one may be

docs/evidence.md describes the format and how to check a package by hand.
"""
