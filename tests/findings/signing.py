"""Keys and envelopes of documents, as those who sign them make them."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from holdfast.findings.dsse import PAYLOAD_TYPE, pae
from holdfast.model.frozen import frozen
from tests.facts.vex.documents import Json

PREDICATE = "https://openvex.dev/ns/v0.2.0"


@frozen
class Signer:
    """Somebody with a private key."""

    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, kind: str) -> "Signer":
        """Return one with a key of a kind: `ed25519`, `p256`, `p384`."""
        curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
        if kind == "ed25519":
            return cls(ed25519.Ed25519PrivateKey.generate())
        return cls(ec.generate_private_key(curves[kind]))

    @property
    def pem(self) -> str:
        """The public key."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, data: bytes) -> bytes:
        """Sign."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        return self.key.sign(data, ec.ECDSA(SHA384() if self.key.curve.name == "secp384r1" else SHA256()))

    def envelope(self, payload: bytes, payload_type: str = PAYLOAD_TYPE) -> Json:
        """Return a DSSE envelope."""
        signature = base64.b64encode(self.sign(pae(payload_type, payload))).decode()
        text = base64.b64encode(payload).decode()
        return {"payloadType": payload_type, "payload": text, "signatures": [{"keyid": "", "sig": signature}]}

    def attest(self, document: Json, *subjects: Json) -> bytes:
        """Return a signed attestation of an OpenVEX document."""
        return json.dumps(self.envelope(json.dumps(attestation(document, *subjects)).encode())).encode()


def attestation(document: Json, *subjects: Json) -> Json:
    """Return the in-toto statement around an OpenVEX document."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": list(subjects),
        "predicateType": PREDICATE,
        "predicate": document,
    }


def rsa_pem() -> str:
    """Return a public key of a kind that does not count."""
    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
