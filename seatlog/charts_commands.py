"""`seatlog charts`: drawings from files."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import DrawingError, read_drawing
from engine.charts.validate import Finding, validate
from seatlog.http_client import CallError, post
from seatlog.secret_files import SecretFileError, read_secret
from seatlog.settings import SettingsError, load_api_key

app = typer.Typer(help="Charts: validate a drawing, import one.", no_args_is_help=True)

Drawing = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A drawing, as JSON.")]


@app.command("validate")
def validate_files(files: list[Drawing]) -> None:
    """Say what each drawing holds and everything that is wrong with it; 1 if there are errors."""
    failed = False
    for file in files:
        try:
            drawing = read_drawing(file.read_bytes())
        except DrawingError as error:
            typer.echo(f"{file}: cannot be read: {error}")
            failed = True
            continue
        seat_map = SeatMap(compile_drawing(drawing))
        found = validate(drawing)
        typer.echo(f"{file}: {len(seat_map):,} bookable objects, {seat_map.places:,} places")
        _say("error", found.errors)
        _say("warning", found.warnings)
        failed = failed or bool(found.errors)
    raise typer.Exit(1 if failed else 0)


def _say(kind: str, findings: list[Finding]) -> None:
    for finding in findings:
        typer.echo(f"  {kind} {finding.code}")
        for concerned in finding.objects:
            typer.echo(f"    {concerned.path}: {concerned.label!r}")


@app.command("import")
def import_file(
    file: Drawing,
    *,
    api: Annotated[
        str, typer.Option(envvar="SEATLOG_API", help="Address of an ingress.")
    ] = "http://127.0.0.1:8080",
    key_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="File with the API key; else SEATLOG_API_KEY is it."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The chart's name; else the drawing's.")] = None,
) -> None:
    """Import a drawing as a published chart and print its key."""
    query = {"name": name} if name else {}
    try:
        key = (read_secret(key_file) if key_file else None) or load_api_key()
        answer = post(f"{api.rstrip('/')}/charts/actions/import", key, file.read_bytes(), query)
    except (CallError, SecretFileError, SettingsError) as error:
        typer.echo(f"seatlog charts import: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(msgspec.json.decode(answer)["key"])
