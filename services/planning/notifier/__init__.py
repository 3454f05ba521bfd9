"""The notifier: delivers what was rendered."""
