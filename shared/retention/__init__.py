"""How long each kind of data is kept and why, and how it goes: terms, purges, erasure of a case."""
