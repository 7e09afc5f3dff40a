"""VEX documents whose signatures are verified: DSSE envelopes, by keys that a policy names.

Rules:

1. Who may judge says which keys count; nothing in a document does, and its key ids are hints that nobody needs.
2. An envelope is opened by such a key or not at all: with none, with a wrong signature, or with no signature it is an
   error, never an unsigned document. What is in no envelope is unsigned, whatever it says of itself.
3. What was signed is what is read: the payload as it was sent, an in-toto statement or the document itself.

Source: DSSE v1.0.2, protocol and envelope; RFC 8410 and RFC 5480, public keys.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from holdfast.errors import FactError, JournalError
from holdfast.facts.vex import MAX_VEX_BYTES
from holdfast.facts.vexed import read_vex
from holdfast.findings.dsse import PAYLOAD_TYPE, unseal
from holdfast.model.vex import VexDocument, VexKey

_TYPES = (PAYLOAD_TYPE, "application/json", "application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml")
_MARK = b"payloadType"
_HEADERS = ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")
_HINT = "`vex.keys` of the policy names the keys that count (`scan`: `--vex-key`)"
MOST_SIGNATURES = 50
"""Each is verified by each key, which takes up to a millisecond."""
_MOST_BYTES = MAX_VEX_BYTES * 4 // 3 + (1 << 20)
"""A payload of the most that is read, in base64, and what is around it."""


def parse_key(name: str, text: str, *, where: str | None = None) -> VexKey:
    """Return a public key, Ed25519 or ECDSA (P-256, P-384), from its PEM or the base64 in it.

    Raises:
        FactError: it is no such key.
    """
    hint = "give the PEM of an Ed25519 or ECDSA public key, `-----BEGIN PUBLIC KEY-----`"
    written = text.strip()
    if written.startswith(_HEADERS[0]) and written.endswith(_HEADERS[1]):
        written = written.removeprefix(_HEADERS[0]).removesuffix(_HEADERS[1])
    try:
        data = base64.b64decode("".join(written.split()), validate=True)
        _verifier(data)
    except (binascii.Error, ValueError) as error:
        raise FactError(f"`{name[:80]}` is no public key: {error}", where=where, hint=hint) from None
    return VexKey(name, base64.b64encode(data).decode())


def read_signed(files: Iterable[tuple[str, bytes]], keys: Sequence[VexKey]) -> tuple[VexDocument, ...]:
    """Return what documents say, as `read_vex` does; those in envelopes carry the fingerprint of the key.

    Raises:
        FactError: as `read_vex`; or no key that counts signed an envelope.
    """
    opened = [(file, *open_envelope(file, data, keys)) for file, data in files]
    documents = read_vex((file, data) for file, data, _ in opened)
    return tuple(
        replace(one, statements=tuple(replace(each, signed_by=key.fingerprint) for each in one.statements))
        if key
        else one
        for one, (_, _, key) in zip(documents, opened, strict=True)
    )


def is_envelope(data: bytes) -> bool:
    """Whether a document is wrapped to be signed."""
    return _find_envelope(data) is not None


def open_envelope(file: str, data: bytes, keys: Sequence[VexKey]) -> tuple[bytes, VexKey | None]:
    """Return a document and the key that signed it; `None` where it is in no envelope.

    Raises:
        FactError: it is in one that no key of these signed.
    """
    if len(data) > _MOST_BYTES:
        raise FactError(f"a VEX document of over {MAX_VEX_BYTES >> 20} MiB is not read", where=file)
    envelope = _find_envelope(data)
    if envelope is None:
        return data, None
    if envelope.get("signatures") in (None, []):
        raise FactError("an envelope that nobody signed", where=f"{file}: signatures", hint=_HINT)
    if isinstance(envelope["signatures"], list) and len(envelope["signatures"]) > MOST_SIGNATURES:
        because = f"an envelope with over {MOST_SIGNATURES} signatures is not read"
        raise FactError(because, where=f"{file}: signatures", hint="keep that of the key that counts")
    if not keys:
        raise FactError("it is signed, and no key is known to check that by", where=file, hint=_HINT)
    if envelope.get("payloadType") not in _TYPES:
        found = str(envelope.get("payloadType"))[:80]
        hint = f"known are {', '.join(_TYPES)}"
        raise FactError(f"an envelope of `{found}`, which is not read", where=f"{file}: payloadType", hint=hint)
    signers: list[VexKey] = []

    def verify(signature: bytes, signed: bytes) -> bool:
        signers.extend(key for key in keys if _verifier(key.data)(signature, signed))
        return bool(signers)

    try:
        payload = unseal(json.dumps(envelope), envelope["payloadType"], verify, most_bytes=_MOST_BYTES)
    except JournalError as error:
        names = ", ".join(f"`{key.name}`" for key in keys[:10])
        raise FactError(error.message, where=file, hint=f"the keys that count are {names}; {_HINT}") from None
    return payload, signers[0]


def _find_envelope(data: bytes) -> dict[str, Any] | None:
    """Return the envelope that a document is, or that lies in a Sigstore bundle."""
    if _MARK not in data:
        return None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None  # whoever reads it as a document tells where it breaks
    inside = document.get("dsseEnvelope", document) if isinstance(document, dict) else None
    return inside if isinstance(inside, dict) and {"payload", "payloadType"} & inside.keys() else None


@lru_cache(maxsize=64)
def _verifier(key: bytes) -> Callable[[bytes, bytes], bool]:
    """Return what verifies signatures of a key, DER. Raises: ValueError: no key, or of another kind."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(key)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    hashes = {"secp256r1": SHA256, "secp384r1": SHA384}
    if isinstance(public, EllipticCurvePublicKey) and public.curve.name not in hashes:
        raise ValueError(f"expected the curve P-256 or P-384, got {public.curve.name}")
    if not isinstance(public, EllipticCurvePublicKey | Ed25519PublicKey):
        raise ValueError("expected an Ed25519 or ECDSA key")

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            if isinstance(public, Ed25519PublicKey):
                public.verify(signature, signed)
            else:
                public.verify(signature, signed, ECDSA(hashes[public.curve.name]()))
        except InvalidSignature:
            return False
        return True

    return verify
