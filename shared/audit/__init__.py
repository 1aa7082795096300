"""Who did what, to which case, from where: written with the deed, chained soon after."""
