"""What can be done with the workbench: each module has the actions of one kind."""
