"""What outlives a widget or a session: the address, the form, dialogs, live redrawing, caches."""
