"""Checkpoints: the head of a journal, signed, to be kept elsewhere.

The text is a C2SP signed note whose body has the shape of a C2SP checkpoint:

```
holdfast.journal/<org>
<number of entries>
<base64 of the last entry's hash>

— <name of the key> <base64 of key id ‖ signature>
```

The hash is that of a chain, not the root of a Merkle tree; the origin line says which kind of log it is. Further lines
of the body are extensions: they are signed, kept, and not understood.

Source: C2SP signed-note and tlog-checkpoint, Ed25519 (signature type 1).
"""

import base64
import binascii
import hashlib
from collections.abc import Callable

from holdfast.errors import JournalError
from holdfast.model.frozen import frozen

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_HASH_BYTES = 32
_MARK = "— "
_MOST_BYTES = 1 << 16


@frozen
class Checkpoint:
    """The journal of `origin` had `size` entries, and the last one's hash was `hash` (hex)."""

    origin: str
    size: int
    hash: str
    extensions: tuple[str, ...] = ()


@frozen
class NoteSignature:
    """A signature line; `key_id` has four bytes."""

    name: str
    key_id: bytes
    signature: bytes


@frozen
class SignedCheckpoint:
    """A parsed checkpoint whose signatures nobody has verified yet; `body` is what they sign."""

    checkpoint: Checkpoint
    body: bytes
    signatures: tuple[NoteSignature, ...]


def journal_origin(org: str) -> str:
    """Return the origin line of an org's journal."""
    return f"holdfast.journal/{org}"


def checkpoint_body(checkpoint: Checkpoint) -> str:
    """Return the text that is signed, its last newline included.

    Raises:
        JournalError: the origin is empty, a line has a line break, or the hash is not 32 bytes of hex.
    """
    lines = [checkpoint.origin, str(checkpoint.size), base64.b64encode(_hash_bytes(checkpoint.hash)).decode()]
    lines += checkpoint.extensions
    if any(not line.isprintable() or not line for line in lines) or checkpoint.size < 0:
        raise JournalError("a checkpoint needs an origin, a size and lines without control characters")
    return "".join(f"{line}\n" for line in lines)


def _hash_bytes(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != _HASH_BYTES:
        raise JournalError(f"expected a sha256 in hex, got `{text[:80]}`")
    return value


def key_id(name: str, public_key: bytes) -> bytes:
    """Return the four bytes that hint at a key. Source: C2SP signed-note, `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key)[:4]`."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:_KEY_ID_BYTES]


def sign_checkpoint(checkpoint: Checkpoint, name: str, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Return the signed note; `sign` makes an Ed25519 signature of the bytes it gets.

    Raises:
        JournalError: the key's name is empty or has a space or `+`, or the checkpoint cannot be written.
    """
    if not is_key_name(name):
        raise JournalError(f"expected a key name without spaces and `+`, got `{name[:80]}`")
    body = checkpoint_body(checkpoint)
    signature = base64.b64encode(key_id(name, public_key) + sign(body.encode())).decode()
    return f"{body}\n{_MARK}{name} {signature}\n"


def is_key_name(name: str) -> bool:
    """Tell whether a key may be called so. Source: C2SP signed-note."""
    return bool(name) and name.isprintable() and "+" not in name and not any(sign.isspace() for sign in name)


def parse_checkpoint(text: str, *, where: str | None = None) -> SignedCheckpoint:
    """Return what a signed note says; nothing about it is verified yet.

    Raises:
        JournalError: not a signed note, or its body is no checkpoint; names the line.
    """
    if len(text) > _MOST_BYTES or "\r" in text:
        raise _broken("a checkpoint is a short text with `\\n` at the end of each line", where)
    body, gap, tail = text.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise _broken("no signatures after an empty line", where)
    first = body.count("\n") + 3
    lines = enumerate(tail[:-1].split("\n"), first)
    signatures = tuple(_parse_signature(line, f"{where or 'checkpoint'}:{number}") for number, line in lines)
    return SignedCheckpoint(_parse_body(body, where or "checkpoint"), f"{body}\n".encode(), signatures)


def _broken(message: str, where: str | None) -> JournalError:
    return JournalError(message, where=where, hint="write one with `holdfast audit checkpoint`")


def _parse_body(body: str, where: str) -> Checkpoint:
    origin, size, digest, *extensions = [*body.split("\n"), "", ""][: max(3, body.count("\n") + 1)]
    if not origin.strip():
        raise _broken("no origin", f"{where}:1")
    if not (size.isascii() and size.isdigit()) or len(size) > 18 or str(int(size)) != size:
        raise _broken(f"expected the number of entries, got `{size[:40]}`", f"{where}:2")
    value = _parse_base64(digest, f"{where}:3")
    if len(value) != _HASH_BYTES:
        raise _broken(f"expected a hash of {_HASH_BYTES} bytes, got {len(value)}", f"{where}:3")
    return Checkpoint(origin, int(size), value.hex(), tuple(extensions))


def _parse_signature(line: str, where: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not space or not is_key_name(name):
        raise _broken("expected `— name signature`", where)
    value = _parse_base64(encoded, where)
    if len(value) <= _KEY_ID_BYTES:
        raise _broken("a signature without content", where)
    return NoteSignature(name, value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:])


def _parse_base64(text: str, where: str) -> bytes:
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        value = b""
    if not value or base64.b64encode(value).decode() != text:  # one value has one spelling
        raise _broken(f"expected base64, got `{text[:60]}`", where)
    return value


def verify_checkpoint(
    text: str, name: str, public_key: bytes, verify: Callable[[bytes, bytes], bool], *, where: str | None = None
) -> Checkpoint:
    """Return the checkpoint when the named key really signed it; `verify` gets (signature, signed bytes).

    Raises:
        JournalError: it is not a checkpoint, that key did not sign it, or its signature is wrong.
    """
    signed = parse_checkpoint(text, where=where)
    expected = key_id(name, public_key)
    ours = [one for one in signed.signatures if one.name == name and one.key_id == expected]
    if not ours:
        names = ", ".join(f"`{one.name}`" for one in signed.signatures)
        raise JournalError(f"expected a signature of `{name}`, got {names} or another key of that name", where=where)
    if not all(verify(one.signature, signed.body) for one in ours):
        raise JournalError(f"the signature of `{name}` is wrong: the checkpoint was changed", where=where)
    return signed.checkpoint


def ed25519_public_key(private_key: bytes) -> bytes:
    """Return the 32 bytes of the public key; a private key is any 32 secret random bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def ed25519_signer(private_key: bytes) -> Callable[[bytes], bytes]:
    """Return what `sign_checkpoint` signs with."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private_key).sign


def ed25519_verifier(public_key: bytes) -> Callable[[bytes, bytes], bool]:
    """Return what `verify_checkpoint` verifies with.

    Raises:
        JournalError: the key is not 32 bytes.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError as error:
        raise JournalError(f"not an Ed25519 public key: {error}") from None

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify


def format_verifier_key(name: str, public_key: bytes) -> str:
    """Return `name+key id+key`, to be kept with the checkpoints. Source: C2SP signed-note, verifier keys."""
    return f"{name}+{key_id(name, public_key).hex()}+{base64.b64encode(_ED25519 + public_key).decode()}"


def parse_verifier_key(text: str, *, where: str | None = None) -> tuple[str, bytes]:
    """Return (name, public key).

    Raises:
        JournalError: not an Ed25519 verifier key, or its id is not its own.
    """
    name, _, rest = text.strip().partition("+")
    hint, _, encoded = rest.partition("+")
    value = _parse_base64(encoded, where or "verifier key")
    if value[:1] != _ED25519 or len(value) != 33 or key_id(name, value[1:]).hex() != hint:
        raise JournalError("expected an Ed25519 verifier key, `name+id+key`", where=where)
    return name, value[1:]
