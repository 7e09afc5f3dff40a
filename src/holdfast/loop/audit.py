"""The journal proven: checkpoints are signed and handed out, and a journal is verified, against one where there is one.

The caller keeps the signing key: 32 secret bytes. Verifying needs only its public half, which is to be kept with the
checkpoints, away from the store that they speak of.
"""

from holdfast.findings.audit import AuditReport, verify_chain
from holdfast.findings.checkpoint import (
    Checkpoint,
    ed25519_public_key,
    ed25519_signer,
    ed25519_verifier,
    format_verifier_key,
    journal_origin,
    sign_checkpoint,
    verify_checkpoint,
)
from holdfast.ports.store import Transaction

KEY_NAME = "holdfast"


def write_checkpoint(tx: Transaction, private_key: bytes) -> str:
    """Return the journal's head as a signed note, to be kept elsewhere."""
    seq, digest = tx.journal.head()
    checkpoint = Checkpoint(journal_origin(tx.org), seq, digest)
    return sign_checkpoint(checkpoint, KEY_NAME, ed25519_public_key(private_key), ed25519_signer(private_key))


def verifier_key(private_key: bytes) -> str:
    """Return the text of the public key, to be kept with the checkpoints."""
    return format_verifier_key(KEY_NAME, ed25519_public_key(private_key))


def verify_journal(tx: Transaction, checkpoint: str | None = None, public_key: bytes | None = None) -> AuditReport:
    """Read the whole journal and say what was changed, removed, reordered or cut, and what cannot be proven.

    Raises:
        JournalError: the checkpoint is none, its signature is wrong, or it is given without a public key.
    """
    kept = None
    if checkpoint is not None:
        verify = ed25519_verifier(public_key or b"")
        kept = verify_checkpoint(checkpoint, KEY_NAME, public_key or b"", verify, where="checkpoint")
    return verify_chain(tx.journal.read(), tx.journal.head(), kept)
