"""The HTTP manners that every house shares."""
