"""Risk management at a member: from signals to decisions, alerts and plans. Nothing of it enters the log."""
