"""The vehicle register: a port with an embedded default, the table that a CSV file fills."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.register.tables import VehicleRow
from pipeline.evidence.plate_number import PlateNumber, PlateNumberError

COLUMNS = ("plate", "vehicle_class", "make", "model", "colour", "year", "owner_name", "owner_address")
OPTIONAL = ("owner_email", "owner_phone", "priority", "engine_number", "chassis_number")
CLASSES = frozenset({"car", "motorcycle", "bus", "truck"})
MAX_CELL_CHARACTERS = 200
MAX_ROWS = 2_000_000
YEARS = range(1900, 2101)


class RegisterError(ValueError):
    """A register file is wrong; the sentence names the line."""


@dataclass(frozen=True)
class Vehicle:
    """What the register says of a plate.

    Attributes:
        plate: normalised, `H1234AB`.
        vehicle_class: car, motorcycle, bus or truck.
        make: e.g. Toyota.
        model: e.g. Avanza.
        colour: in words.
        year: of make; None when unknown.
        owner_name: the owner.
        owner_address: where letters go.
        source: the file or system that says so.
        owner_email: for messages; empty when unknown.
        owner_phone: for WhatsApp, with the country's code; empty when unknown.
        priority: ambulance, fire, police, state or convoy (UU 22/2009 Art. 134); empty for everybody else.
        engine_number: as on the registration card; empty when unknown. With the chassis number it proves an owner.
        chassis_number: as on the registration card; empty when unknown.
    """

    plate: str
    vehicle_class: str
    make: str
    model: str
    colour: str
    year: int | None
    owner_name: str
    owner_address: str
    source: str
    owner_email: str = ""
    owner_phone: str = ""
    priority: str = ""
    engine_number: str = ""
    chassis_number: str = ""


class VehicleRegister(Protocol):
    """Whose vehicle carries a plate."""

    def find(self, plate: str) -> Vehicle | None:
        """The vehicle with this plate, as people or cameras write it; None when the register knows none."""
        ...


class TableRegister:
    """The embedded register: the office's own table.

    Args:
        session: an open session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, plate: str) -> Vehicle | None:
        """The vehicle with this plate; None when there is none or the text is no plate."""
        try:
            wanted = PlateNumber.parse(plate).text
        except PlateNumberError:
            return None
        row = self._session.get(VehicleRow, wanted)
        if row is None:
            return None
        return Vehicle(
            plate=row.plate,
            vehicle_class=row.vehicle_class,
            make=row.make,
            model=row.model,
            colour=row.colour,
            year=row.year,
            owner_name=row.owner_name,
            owner_address=row.owner_address,
            source=row.source,
            owner_email=row.owner_email,
            owner_phone=row.owner_phone,
            priority=row.priority,
            engine_number=row.engine_number,
            chassis_number=row.chassis_number,
        )


def read_register(path: Path) -> list[Vehicle]:
    """Read and check a register file: CSV with the columns `COLUMNS`; lines that begin with # are remarks.

    Raises:
        RegisterError: it cannot be read, a column is missing, or a value does not fit; the sentence names the line.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({error})"
        raise RegisterError(message) from error
    kept = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(line for _, line in kept)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        message = f"{path}: no column {missing[0]!r}; the first line must name {', '.join(COLUMNS)}"
        raise RegisterError(message)
    if len(kept) > MAX_ROWS:
        message = f"{path}: more than {MAX_ROWS} lines"
        raise RegisterError(message)
    found: dict[str, Vehicle] = {}
    for (number, _), cells in zip(kept[1:], reader, strict=False):
        try:
            vehicle = _vehicle(cells, source=path.name)
        except ValueError as error:
            message = f"{path}: line {number}: {error}"
            raise RegisterError(message) from error
        if vehicle.plate in found:
            message = f"{path}: line {number}: the plate {vehicle.plate} stands there twice"
            raise RegisterError(message)
        found[vehicle.plate] = vehicle
    return list(found.values())


def load_register(session: Session, vehicles: list[Vehicle]) -> int:
    """Put vehicles into the embedded register; a plate that is there already is replaced.

    Returns:
        How many vehicles.
    """
    moment = now(session)
    for start in range(0, len(vehicles), 1000):
        rows = [{**vehicle.__dict__, "loaded_at": moment} for vehicle in vehicles[start : start + 1000]]
        statement = insert(VehicleRow).values(rows)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[VehicleRow.plate],
                set_={name: statement.excluded[name] for name in rows[0] if name != "plate"},
            )
        )
    return len(vehicles)


def _vehicle(cells: dict[str, str], *, source: str) -> Vehicle:
    values = {column: (cells.get(column) or "").strip() for column in (*COLUMNS, *OPTIONAL)}
    for column, value in values.items():
        if len(value) > MAX_CELL_CHARACTERS or not value.isprintable():
            message = f"{column}: at most {MAX_CELL_CHARACTERS} printable characters"
            raise ValueError(message)
        if not value and column not in {"year", "colour", "model", *OPTIONAL}:
            message = f"{column} is empty"
            raise ValueError(message)
    if values["vehicle_class"] not in CLASSES:
        message = f"vehicle_class {values['vehicle_class']!r}: one of {', '.join(sorted(CLASSES))}"
        raise ValueError(message)
    year = values["year"]
    if year and (not year.isdigit() or int(year) not in YEARS):
        message = f"year {year!r} is no year"
        raise ValueError(message)
    return Vehicle(
        plate=PlateNumber.parse(values["plate"]).text,
        vehicle_class=values["vehicle_class"],
        make=values["make"],
        model=values["model"],
        colour=values["colour"],
        year=int(year) if year else None,
        owner_name=values["owner_name"],
        owner_address=values["owner_address"],
        source=source,
        **{column: values[column] for column in OPTIONAL},
    )
