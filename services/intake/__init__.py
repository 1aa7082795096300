"""Intake owns the receiving window: the catalogue, applications, materials, numbers, receipts."""
