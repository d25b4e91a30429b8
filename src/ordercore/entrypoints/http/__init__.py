"""The Flask application: the JSON API and the dashboard."""
