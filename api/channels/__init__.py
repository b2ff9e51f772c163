"""Every way in to complain, through one port: mail, WhatsApp, social media, and whatever another system hands on."""
