"""One module per figure: how it is measured, what it stands beside, what is wanted of it."""
