"""HTTP routes and web pages. They come with the nodes that are apart."""
