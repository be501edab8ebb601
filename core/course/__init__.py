"""What explains Digit Lab to a newcomer: the lessons, what they check and measure, the words."""
