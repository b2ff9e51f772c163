"""`tertib verify`: check evidence packages with nothing but the packages and the public keys."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.evidence.chain import Link, check_chain
from pipeline.evidence.errors import EvidenceError, KeyFileError, Refusal
from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.limits import MAX_PACKAGE_BYTES
from pipeline.evidence.manifest import Manifest
from pipeline.evidence.package import PACKAGE_SUFFIX
from pipeline.evidence.plate_number import PlateNumber, PlateNumberError
from pipeline.evidence.verify import STEPS, verify

app = typer.Typer(add_completion=False)

_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class _Outcome:
    path: Path
    keys: Path
    manifest: Manifest | None = None
    link: Link | None = None
    failed_step: str | None = None
    code: str | None = None
    why: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        return self.failed_step is None


@app.command(epilog="Example: tertib verify var/packages/*.tertib --keys var/keys/cameras.json")
def verify_packages(
    packages: Annotated[list[Path], typer.Argument(metavar="PACKAGE...", help="Package files, or folders of them.")],
    keys: Annotated[
        Path | None,
        typer.Option(
            help="Trusted public keys [default: keys.json or keys/keys.json beside the package, "
            "else $TERTIB_HOME/keys/cameras.json]."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line a package instead of words.")] = False,
) -> None:
    """Verify evidence offline; say which step failed and why.

    Exit code 0: every package verifies; 1: at least one does not; 2: a file cannot be read.
    """
    paths = list(_files(packages))
    rings: dict[Path, PublicKeyRing] = {}
    all_valid = True
    outcomes = [_check(path, keys or _default_keys(path), rings) for path in paths]
    for outcome in _compare_chains(outcomes):
        sys.stdout.write(_as_json(outcome) if as_json else _as_text(outcome))
        all_valid = all_valid and outcome.valid
    if not all_valid:
        raise SystemExit(1)


def _files(given: list[Path]) -> Iterator[Path]:
    for path in given:
        if path.is_dir():
            found = sorted(path.glob(f"*{PACKAGE_SUFFIX}"))
            if not found:
                raise typer.TyperException(f"{path} holds no {PACKAGE_SUFFIX} files")
            yield from found
        elif path.exists():
            yield path
        else:
            raise typer.TyperException(f"{path} does not exist")


def _default_keys(package: Path) -> Path:
    beside = package.parent / "keys.json"
    # Where `tertib observe --packages DIR` leaves the keys that it made.
    below = package.parent / "keys" / "keys.json"
    at_home = Path(os.environ.get("TERTIB_HOME") or _REPOSITORY / "var") / "keys" / "cameras.json"
    for path in (beside, below, at_home):
        if path.is_file():
            return path
    raise typer.TyperException(
        f"no public keys for {package}: give --keys FILE, or put keys.json beside the package ({at_home} is absent too)"
    )


def _check(path: Path, keys: Path, rings: dict[Path, PublicKeyRing]) -> _Outcome:
    try:
        if keys not in rings:
            rings[keys] = PublicKeyRing.load(keys)
        with path.open("rb") as file:
            data = file.read(MAX_PACKAGE_BYTES + 1)
        package = verify(data, rings[keys])
    except KeyFileError as error:
        raise typer.TyperException(str(error)) from error
    except OSError as error:
        raise typer.TyperException(f"{path} cannot be read: {error.strerror}") from error
    except EvidenceError as error:
        return _Outcome(path, keys, failed_step=error.step, code=error.code.value, why=error.why)
    return _Outcome(path, keys, manifest=package.manifest, link=Link.of(package, str(path)))


def _compare_chains(outcomes: list[_Outcome]) -> list[_Outcome]:
    """Mark the packages that contradict another package of their camera; note the gaps."""
    findings = check_chain(outcome.link for outcome in outcomes if outcome.link is not None)
    compared: list[_Outcome] = []
    for outcome in outcomes:
        of_this = [finding for finding in findings if finding.label == str(outcome.path)]
        faults = [finding.why for finding in of_this if finding.contradicts]
        notes = tuple(finding.why for finding in of_this if not finding.contradicts)
        if faults and outcome.valid:
            compared.append(
                replace(outcome, failed_step="chain", code=Refusal.CHAIN.value, why="; ".join(faults), notes=notes)
            )
        else:
            compared.append(replace(outcome, notes=notes))
    return compared


def _as_json(outcome: _Outcome) -> str:
    line: dict[str, Any] = {
        "package": str(outcome.path),
        "valid": outcome.valid,
        "failed_step": outcome.failed_step,
        "code": outcome.code,
        "why": outcome.why,
        "notes": list(outcome.notes),
        "keys": str(outcome.keys),
    }
    if outcome.manifest is not None:
        said = outcome.manifest.model_dump(mode="json")
        line |= {key: said[key] for key in ("package_id", "offence", "occurred_at", "plate")}
        line |= {"camera_id": outcome.manifest.camera.camera_id, "sequence": outcome.manifest.chain.sequence}
    return json.dumps(line, ensure_ascii=False) + "\n"


def _as_text(outcome: _Outcome) -> str:
    passed, failed, skipped = _marks()
    lines = [f"{outcome.path}: {'verified' if outcome.valid else 'NOT VALID'} (keys: {outcome.keys})"]
    reached = True
    for number, (step, sentence) in enumerate(STEPS, start=1):
        if step == outcome.failed_step:
            lines.append(f"  {failed} {number} {step:<10} {outcome.why}")
            reached = False
        else:
            lines.append(
                f"  {passed if reached else skipped} {number} {step:<10} {sentence if reached else 'not reached'}"
            )
    if outcome.failed_step == "chain":
        lines.append(f"  {failed}   {'chain':<10} {outcome.why}")
    lines += [f"    note       {note}" for note in outcome.notes]
    if outcome.manifest is not None:
        lines.append(f"    says       {_summary(outcome.manifest)}")
    return "\n".join(lines) + "\n"


def _marks() -> tuple[str, str, str]:
    """Tick, cross and dash; plain words' letters where the terminal cannot show them."""
    try:
        "\u2713\u2717".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "+", "x", "-"
    return "\u2713", "\u2717", "-"


def _summary(manifest: Manifest) -> str:
    camera = manifest.camera
    return (
        f"{manifest.offence.value} at {manifest.occurred_at:%Y-%m-%d %H:%M:%S.%f} UTC, camera {camera.camera_id} "
        f"({camera.place}), plate {_plate(manifest)}, place {manifest.chain.sequence} in the camera's chain"
    )


def _plate(manifest: Manifest) -> str:
    if manifest.plate.text is None:
        return f"not read ({manifest.plate.reason or 'no reason given'})"
    try:
        return PlateNumber.parse(manifest.plate.text).display
    except PlateNumberError:
        return manifest.plate.text
