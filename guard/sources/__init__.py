"""Where facts come from: one module per source, and the one HTTP client they share."""
