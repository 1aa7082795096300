"""The utilities under the street: what two houses need alike; knows no house."""
