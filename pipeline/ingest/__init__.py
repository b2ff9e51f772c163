"""Pictures with the time at which they were taken, and the encoded packets they came from."""

from pipeline.ingest.frame import CaptureClock, Clip, Frame, MediaError, Memory
from pipeline.ingest.motion_gate import MotionGate
from pipeline.ingest.packet_ring import PacketRing
from pipeline.ingest.source import Source, open_source

__all__ = ["CaptureClock", "Clip", "Frame", "MediaError", "Memory", "MotionGate", "PacketRing", "Source", "open_source"]
