"""The commands about the connections that a project keeps."""
