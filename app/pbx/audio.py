"""A recording to listen to: two voices without words, as a WAV of 8 kHz, mono, 16 bits."""

from __future__ import annotations

import io
import math
import random
import wave
from array import array
from functools import lru_cache

RATE_HZ = 8000
HEADER_BYTES = 44
BYTES_PER_SECOND = RATE_HZ * 2

_PITCHES_HZ = (118.0, 205.0)  # the two who talk
_PHRASES = 6


def conversation(seconds: int) -> bytes:
    """A WAV of exactly that many seconds: syllables and pauses, by turns low and high."""
    wanted = seconds * BYTES_PER_SECOND
    phrase = _exchange()
    samples = (phrase * (wanted // len(phrase) + 1))[:wanted]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples)
    return out.getvalue()


@lru_cache(maxsize=1)
def _exchange() -> bytes:
    """A few seconds of talk, made once; longer recordings repeat it."""
    dice = random.Random(8000)  # noqa: S311 - music, not secrets
    samples = array("h")
    for turn in range(_PHRASES):
        pitch = _PITCHES_HZ[turn % 2]
        for _ in range(dice.randint(3, 6)):
            samples += _syllable(pitch * dice.uniform(0.9, 1.15), dice.uniform(0.11, 0.24))
            samples += array("h", bytes(2 * int(RATE_HZ * dice.uniform(0.02, 0.06))))
        samples += array("h", bytes(2 * int(RATE_HZ * dice.uniform(0.25, 0.5))))
    return samples.tobytes()


def _syllable(pitch_hz: float, seconds: float) -> array[int]:
    """One vowel: a falling pitch with three overtones, swelling and fading."""
    count = int(RATE_HZ * seconds)
    samples = array("h")
    for index in range(count):
        share = index / count
        angle = 2 * math.pi * pitch_hz * (1 - 0.12 * share) * index / RATE_HZ
        voice = math.sin(angle) + 0.6 * math.sin(3 * angle) + 0.35 * math.sin(5 * angle)
        samples.append(int(6000 * math.sin(math.pi * share) * voice))
    return samples
