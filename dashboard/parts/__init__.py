"""What two pages or more draw: the run's header, the epoch slider, a grid of images, the form."""
