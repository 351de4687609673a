"""What the Service Bus doubles are trusted by: a certificate of their own, and tokens made with their key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs

KEY_NAME = "RootManageSharedAccessKey"
# Of a double that listens on loopback only.
KEY = base64.b64encode(b"of a double, not of a service").decode()


def signed(authorization: str, key: str) -> bool:
    """Whether a shared access token was made with this key and has not expired."""
    kind, _, rest = authorization.partition(" ")
    parts = {name: values[0] for name, values in parse_qs(rest).items()}
    if kind != "SharedAccessSignature" or not {"sr", "sig", "se", "skn"} <= parts.keys():
        return False
    raw = dict(part.partition("=")[::2] for part in rest.split("&"))
    digest = hmac.new(key.encode(), f"{raw['sr']}\n{raw['se']}".encode(), hashlib.sha256).digest()
    fresh = parts["se"].isdecimal() and int(parts["se"]) > time.time()
    return fresh and parts["skn"] == KEY_NAME and hmac.compare_digest(base64.b64encode(digest).decode(), parts["sig"])


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and localhost, and its key, for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "double of Service Bus")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    chain, private = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private
