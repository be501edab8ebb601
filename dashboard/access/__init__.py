"""Who may come in, and who somebody is: the door, a class's password, a login elsewhere."""
