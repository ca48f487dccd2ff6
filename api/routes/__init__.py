"""One module for each group of paths of interfaces.md. A route parses, makes one call and answers."""
