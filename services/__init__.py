"""The notifications domain: what the API container, the queue worker and the migrations function share."""
