"""What YAML texts are read by: events to data, scalars to values, places, templates in brackets; and the way back."""
