"""Numbers that stand for people, bodies, matters and cases: read and checked (masks: security)."""
