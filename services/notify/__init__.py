"""Notify owns what leaves: results delivered, parcels posted, people and partner systems told."""
