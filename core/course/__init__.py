"""What explains Digit Lab to a newcomer: the words of the field."""
