"""The public face: look-up, ticket page, confirm, contest, complain. Works without JavaScript, in two languages."""
