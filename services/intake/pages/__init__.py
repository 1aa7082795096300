"""The screens people use; the same actions and queries as the API."""
