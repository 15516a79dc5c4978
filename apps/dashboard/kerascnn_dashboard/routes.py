"""Routes beside Streamlit's own: a word on whether the server lives, files that pages offer, and uploads."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from kerascnn import __version__
from kerascnn.errors import KerasCnnError, ResourceError, UsageError
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.signed import is_signed, sign
from kerascnn_dashboard.logic.uploads import TooLargeError, Upload, Uploads, WrongPlaceError, is_allowed
from kerascnn_dashboard.server import LOGIN


def routes() -> list[BaseRoute]:
    """Return them all."""
    return [
        Route("/healthz", healthz),
        Route("/api/file", file),
        Route("/api/upload/{project}/{id}", upload, methods=["GET", "PUT", "DELETE"]),
    ]


def file_address(path: Path, *, show: bool = False) -> str:
    """Return the address at which the server gives a file: to be saved, or shown in the browser."""
    return f"/api/file?{sign('show' if show else 'save', str(path))}"


def _is_let_in(request: Request) -> bool:
    """Return whether the login knows who asks: an address that was signed is no use to those who logged out."""
    login = os.environ.get(LOGIN, "none")
    if login == "oidc":
        # Streamlit has no public way to ask this beside a page.
        from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

        return _get_signed_cookie_with_chunks(request.cookies, "_streamlit_user") is not None
    return not login.startswith("header:") or bool(request.headers.get(login.partition(":")[2], "").strip())


async def healthz(request: Request) -> Response:
    """Say that the server lives."""
    return JSONResponse({"status": "ok", "version": __version__})


async def file(request: Request) -> Response:
    """Give a file whose address a page has signed, from the disk and not through memory."""
    if not _is_let_in(request):
        return PlainTextResponse("log in first", status_code=401)
    query = request.query_params
    value, until, signature = (query.get(name, "") for name in ("value", "until", "signature"))
    purpose = next((one for one in ("save", "show") if is_signed(one, value, until, signature)), None)
    path = Path(value)
    if purpose is None or not path.is_file():
        return PlainTextResponse("this address is not good any more; open the page again", status_code=404)
    disposition = "inline" if purpose == "show" else "attachment"
    # A report is shown as the page of nobody: it may run nothing of ours, and fetch nothing.
    headers = {
        "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(path, filename=path.name, content_disposition_type=disposition, headers=headers)


_WRITTEN = 1 << 20
"""Bytes that are held before they are written."""


async def upload(request: Request) -> Response:
    """Take in a file piece by piece, straight to the disk; say how much of it is there; drop it.

    A piece says in headers where it begins (Upload-Offset), how long the whole file is (Upload-Length), its name
    (Upload-Name), and if it can its SHA-256 (Upload-Checksum). The answer says how much is there now: where a piece
    does not begin there (409), it was sent twice or one before it was lost.
    """
    if not _is_let_in(request):
        return JSONResponse({"error": "log in first"}, status_code=401)
    project, id = request.path_params["project"], request.path_params["id"]
    if not is_allowed(project, id, request.headers.get("X-Kerascnn-Upload", "")):
        return JSONResponse({"error": "this page is not good any more; open it again"}, status_code=403)
    uploads = Uploads(Home(os.environ["KERASCNN_HOME"]))
    try:
        if request.method == "DELETE":
            await run_in_threadpool(uploads.remove, id)
            return JSONResponse({"received": 0})
        if request.method == "PUT":
            await _take(request, uploads, project, id)
    except WrongPlaceError as error:
        return JSONResponse({"error": str(error), "received": error.received}, status_code=409)
    except KerasCnnError as error:
        status = 413 if isinstance(error, TooLargeError) else 507 if isinstance(error, ResourceError) else 400
        return JSONResponse({"error": str(error)}, status_code=status)
    except ClientDisconnect:
        return Response(status_code=400)
    found = await run_in_threadpool(uploads.find, id)
    received, done = (found.received, found.file is not None) if found else (0, False)
    return JSONResponse({"received": received, "done": done})


async def _take(request: Request, uploads: Uploads, project: str, id: str) -> None:
    """Write one piece, or nothing of it. Raises KerasCnnError, and ClientDisconnect where the browser goes away."""
    try:
        size, offset = int(request.headers["Upload-Length"]), int(request.headers["Upload-Offset"])
        name = unquote(request.headers["Upload-Name"])
    except (KeyError, ValueError):
        raise UsageError("the headers Upload-Length, Upload-Offset and Upload-Name are needed") from None
    begun: Upload = await run_in_threadpool(uploads.begin, project, id, name, size)
    opened = uploads.piece(begun, offset, request.headers.get("Upload-Checksum", ""))
    piece = await run_in_threadpool(opened.__enter__)
    try:
        held = bytearray()
        async for data in request.stream():
            held += data
            if len(held) >= _WRITTEN:
                await run_in_threadpool(piece.write, bytes(held))
                held.clear()
        await run_in_threadpool(piece.write, bytes(held))
    except BaseException as error:
        opened.__exit__(type(error), error, error.__traceback__)
        raise
    await run_in_threadpool(opened.__exit__, None, None, None)
