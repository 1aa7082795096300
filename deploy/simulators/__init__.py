"""Far sides that misbehave on command: a carrier and an SMS gateway, as real HTTP servers.

Everything about their interfaces is invented; no real carrier's or operator's is claimed.
"""
