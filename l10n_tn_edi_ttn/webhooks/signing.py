"""HTTP message signatures (RFC 9421) of webhooks, with the digest of their body (RFC 9530).

Each attempt is signed anew: receivers refuse what was signed more than five minutes ago, and a delivery may be tried for
days. The key is shared with the receiver (HMAC-SHA256); its id in the signature says which of two it is while keys change.
"""

from dataclasses import dataclass, field

import requests

try:
    from http_message_signatures import HTTPMessageSigner
    from http_message_signatures.algorithms import HMAC_SHA256
    from http_message_signatures.resolvers import MappingKeyResolver
except ImportError:
    HTTPMessageSigner = None

EVENT_HEADER = "Webhook-Id"
LABEL = "sig1"
TAG = "l10n-tn-edi-webhook"
CONTENT_TYPE = "application/json"
COVERED = ("@method", "@target-uri", "content-type", "content-digest", "webhook-id")


@dataclass
class Message:
    """A request as the library signs it: ``headers`` get the digest and the signature."""

    url: str
    body: bytes
    headers: dict = field(default_factory=dict)
    method: str = "POST"


def is_available() -> bool:
    """Whether the Python package that signs is installed."""
    return HTTPMessageSigner is not None


def signed_message(url: str, body: bytes, event_id: str, key_id: str, key: bytes) -> Message:
    """A message signed now.

    :param url: where it goes
    :param body: the JSON as it is sent
    :param event_id: the same for each attempt: what a receiver has seen already it may leave
    :param key_id: told to the receiver in the signature
    :param key: the shared secret
    :raise ValueError: an address that can't be sent to
    """
    try:
        prepared = requests.Request("POST", url).prepare()
    except requests.RequestException as error:
        raise ValueError("not an address") from error
    message = Message(prepared.url, body, {"Content-Type": CONTENT_TYPE, EVENT_HEADER: event_id})
    signer = HTTPMessageSigner(
        signature_algorithm=HMAC_SHA256,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: key}),
    )
    signer.sign(message, key_id=key_id, label=LABEL, tag=TAG, covered_component_ids=COVERED, body=body)
    return message
