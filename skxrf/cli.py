"""The command ``skxrf``: a thin shell over the API."""
