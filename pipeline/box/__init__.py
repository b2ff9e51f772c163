"""What keeps a box on its pole alive, and shows from outside how it is.

- `simulated_camera`: an RTSP server that plays a clip and misbehaves when told to; for drills
- `health`: what a camera's process says about itself, in a file
- `supervisor`: a process a camera, brought back when it dies or hangs
- `checkup`: what is wrong with a box, a sentence each
- `metrics`: the same for Prometheus
- `herald`: what is new about a camera, for the log
- `progress`: whether anybody still looks at its pictures
- `clock`: what is doubtful while the box's own clock is off
- `logs`: structured log lines without personal data
"""
