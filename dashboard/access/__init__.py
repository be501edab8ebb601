"""Who may come in, and who a visitor is: the door, the class password, the login of a provider."""
