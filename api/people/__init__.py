"""People of the office: users, roles, sign-in, server-side sessions, protection of forms."""
