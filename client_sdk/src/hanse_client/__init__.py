"""What a firm's own systems call. The client itself comes with the nodes that are apart."""
