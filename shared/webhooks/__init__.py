"""Standard Webhooks: what is signed, what is believed."""
