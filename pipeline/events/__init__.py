"""Events that cameras push: a vendor's reading of a plate, a hint to be looked at, never evidence by itself.

- `reading`: `PlateEvent`, what any of them says, and why a body is refused
- `multipart`: parts of a body, also where lengths and boundaries lie
- `hikvision`, `others` (Dahua, ONVIF, plain JSON): the vendors' words
- `intake`: the door: which of them a body is
- `listener`: the same door as an HTTP address on the camera network
- `packaging`: what a package of an event says, with our own reading of its pictures beside the vendor's
"""
