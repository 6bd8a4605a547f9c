"""WebSocket frames as bytes (RFC 6455, section 5.2): what the hub writes, and where a frame ends.

Frames of a server are not masked, so one encoded frame serves every tab.
"""

from __future__ import annotations

TEXT, CLOSE, PING = 0x1, 0x8, 0x9
FINAL = 0x80
MASKED = 0x80


def encode(payload: str | bytes, opcode: int = TEXT) -> bytes:
    """One whole unmasked frame, a text message unless `opcode` says otherwise."""
    body = payload.encode() if isinstance(payload, str) else payload
    size = len(body)
    if size < 126:
        head = bytes((FINAL | opcode, size))
    elif size < 1 << 16:
        head = bytes((FINAL | opcode, 126)) + size.to_bytes(2)
    else:
        head = bytes((FINAL | opcode, 127)) + size.to_bytes(8)
    return head + body


def close(code: int) -> bytes:
    """A close frame that carries `code` (RFC 6455, section 7.4; 4000 and above are ours)."""
    return encode(code.to_bytes(2), CLOSE)


def opcode(frame: bytes) -> int:
    """What kind of frame this is."""
    return frame[0] & 0x0F


def measure(buffer: bytes, at: int = 0) -> tuple[int, int] | None:
    """Sizes in bytes of the header (with its mask) and of the payload of the frame that begins at `at`.

    None while too little of the header is there. The payload need not have arrived.
    """
    if len(buffer) < at + 2:
        return None
    head, payload = 2, buffer[at + 1] & 0x7F
    if payload > 125:
        width = 2 if payload == 126 else 8
        head += width
        if len(buffer) < at + head:
            return None
        payload = int.from_bytes(buffer[at + 2 : at + head])
    return head + (4 if buffer[at + 1] & MASKED else 0), payload


def end_of_frame(data: bytes, sent: int) -> int:
    """Where the frame ends of which byte `sent - 1` is a part, in `data` made of whole frames."""
    at = 0
    while at < sent:
        sizes = measure(data, at)
        if sizes is None:
            raise ValueError("the data is not made of whole frames")
        at += sum(sizes)
    return at
