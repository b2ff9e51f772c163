"""Which members a manifest must list, and how they refer to each other."""

from __future__ import annotations

from pipeline.evidence.errors import MembersError, Refusal
from pipeline.evidence.manifest import Manifest, Role

_DERIVATIVES = frozenset({Role.OFFENCE_DRAWN, Role.PLATE, Role.MEASURED, Role.HEAD})


def check_membership(manifest: Manifest) -> None:
    """Check the list of members in itself.

    Raises:
        MembersError: A name stands twice, a required role is missing, a derivative does not say from what, or a
            reference leads nowhere.
    """
    names = [member.name for member in manifest.members]
    for name in names:
        if names.count(name) > 1:
            raise MembersError(f"the manifest lists {name!r} twice", Refusal.MEMBER_LISTED_TWICE)
    roles = {member.role for member in manifest.members}
    required = [Role.OVERVIEW, Role.OFFENCE] if manifest.stills_only else [Role.CLIP, Role.OVERVIEW, Role.OFFENCE]
    for role in required:
        if role not in roles:
            raise MembersError(f"there is no member with the role {role.value!r}", Refusal.ROLE_MISSING)
    if manifest.stills_only and Role.CLIP in roles:
        raise MembersError("the manifest says that there is no clip, but lists one", Refusal.ROLE_MISSING)
    if any((member.role is Role.MOVING) != (member.media_type == "application/json") for member in manifest.members):
        raise MembersError("a member with the role 'moving' is JSON, and no other member is", Refusal.DERIVATION)
    _check_derivation(manifest)
    for name in manifest.bystanders:
        if name not in names:
            raise MembersError(f"bystanders are marked on {name!r}, which is not a member", Refusal.DERIVATION)


def _check_derivation(manifest: Manifest) -> None:
    parents = {member.name: member.derived_from for member in manifest.members}
    for member in manifest.members:
        if member.role in _DERIVATIVES and member.derived_from is None:
            raise MembersError(
                f"{member.name!r} is a derivative ({member.role.value}) but does not say of what", Refusal.DERIVATION
            )
        if (member.derived_from is None) != (member.recipe is None):
            raise MembersError(
                f"{member.name!r} must say both what it was derived from and by which recipe, or neither",
                Refusal.DERIVATION,
            )
        if member.derived_from is not None and member.derived_from not in parents:
            raise MembersError(
                f"{member.name!r} is derived from {member.derived_from!r}, which is not a member", Refusal.DERIVATION
            )
        seen = {member.name}
        parent = member.derived_from
        while parent is not None:
            if parent in seen:
                raise MembersError(f"{member.name!r} is derived from itself", Refusal.DERIVATION)
            seen.add(parent)
            parent = parents[parent]
