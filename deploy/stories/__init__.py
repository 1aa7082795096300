"""Stories told over HTTP by the people in them; whoever is interrupted goes on where they stood."""
