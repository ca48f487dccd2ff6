"""What a party does: contribute, inquire, serve as steward."""
