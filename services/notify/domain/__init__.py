"""Pure rules of notify, one file per noun."""
