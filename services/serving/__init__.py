"""What every container shares that answers HTTP, be it with an API or with its health and metrics alone."""
