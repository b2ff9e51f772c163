"""What one camera sees, said once by a person: lanes, lines, lamps and the hours in which they bind."""

from pipeline.scene.load import SceneError, load_scene
from pipeline.scene.model import CountLine, Lane, Scene, SignalHead, SolidLine, Zone

__all__ = ["CountLine", "Lane", "Scene", "SceneError", "SignalHead", "SolidLine", "Zone", "load_scene"]
