"""Colors of a reference picture where it matches, and automatic colors elsewhere."""
