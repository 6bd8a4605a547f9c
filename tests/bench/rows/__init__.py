"""What is measured: a file a theme, each with its rounds and its lines of the table."""
