"""Owns where a case is handled: places, competence, handoffs, queues, the legal clock, custody."""
