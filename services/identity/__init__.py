"""Who asks: API keys of the service's own, and tokens of an OIDC issuer."""
