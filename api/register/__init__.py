"""The vehicle register behind a port: whose vehicle carries this plate."""
