"""The mirror as a tree of files, for any web server, object store or CDN."""
