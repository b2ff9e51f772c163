"""A stage on which traffic is played: a specification in; a clip, its scene file and its exact truth out.

What happens is known before the first picture is drawn, so that a judge of pictures can be held to it. Journeys are
polynomials in time; truth comes from them, never from pictures.
"""

from pipeline.stage.loading import StageError, load_specification
from pipeline.stage.production import Production, produce
from pipeline.stage.scene_file import UnseenError
from pipeline.stage.specification import Specification

__all__ = ["Production", "Specification", "StageError", "UnseenError", "load_specification", "produce"]
