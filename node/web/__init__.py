"""Web workers: processes that answer HTTP for one node, whose one writer they ask for all that changes it."""
