"""Tokens as a registry believes them, signed by a key whose certificate it knows."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])


class Signer:
    """A key with its certificate."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        building = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(self._key.public_key())
        building = building.serial_number(1).not_valid_before(now - timedelta(hours=1))
        building = building.not_valid_after(now + timedelta(hours=1))
        building = building.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = building.sign(self._key, SHA256())

    @property
    def pem(self) -> bytes:
        """The certificate, for the registry's configuration."""
        return self.certificate.public_bytes(Encoding.PEM)

    def answer(self, repository: str, actions: Sequence[str]) -> bytes:
        """Return a token server's answer: a token for a repository, good for a minute."""
        now = datetime.now(UTC)
        claims = {
            "iss": "tests",
            "sub": "tester",
            "aud": "registry",
            "exp": now + timedelta(minutes=1),
            "nbf": now - timedelta(minutes=1),
            "iat": now,
            "jti": "1",
            "access": [{"type": "repository", "name": repository, "actions": list(actions)}],
        }
        chain = [base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()]
        return json.dumps({"token": jwt.encode(claims, self._key, "ES256", {"x5c": chain})}).encode()
