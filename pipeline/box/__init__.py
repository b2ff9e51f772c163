"""What keeps a box on its pole alive, and shows from outside how it is.

- `simulated_camera`: an RTSP server that plays a clip and misbehaves when told to; for drills
- `health`: what a camera's process says about itself, in a file
- `supervisor`: a process a camera, brought back when it dies or hangs
- `checkup`: what is wrong with a box, a sentence each
- `metrics`: the same for Prometheus
- `logs`: structured log lines without personal data
"""
