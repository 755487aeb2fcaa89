"""Options -> settings -> command -> printer.  The only room that prints or reads the environment."""
