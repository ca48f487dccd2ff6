"""The pure core of Hanse: formats, proofs, acceptance and privacy.

Nothing here reads a clock, draws randomness, or touches disk or network: bytes and values go in,
bytes and values come out (the one exception is named in `privacy.sealing`).
"""
