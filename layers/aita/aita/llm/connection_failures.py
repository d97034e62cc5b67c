"""Classification of failed connections into aita's errors."""

import ssl

import httpx2

from aita.errors import CallError, ProviderBusy, ProviderSetting, RunStopped

ENDLESS = "the base URL redirects without end"
CUT_OFF = "the provider's answer was cut off"
BAD_KEY = "the API key is empty or has characters that no key has"

_NOT_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
"""Reasons that OpenSSL's versions give for bytes that are not TLS."""


def connection_failure(cause: BaseException | None) -> CallError:
    """Return aita's error for the cause of a connection's failure."""
    match cause:
        case httpx2.TooManyRedirects():
            return RunStopped(ENDLESS, setting=ProviderSetting.BASE_URL)
        case httpx2.UnsupportedProtocol():
            return RunStopped("the base URL is neither http nor https", setting=ProviderSetting.BASE_URL)
        case httpx2.LocalProtocolError():  # only the key in a request's headers is not aita's own
            return RunStopped(BAD_KEY, setting=ProviderSetting.KEY)
        case httpx2.RemoteProtocolError():
            return ProviderBusy("the provider can't be reached: the connection was lost, or what answers is not HTTP")
        case httpx2.DecodingError():
            return ProviderBusy(CUT_OFF)
    if (problem := _tls_problem(cause)) is not None:
        return RunStopped(f"the base URL's server can't be trusted: {problem}", setting=ProviderSetting.BASE_URL)
    return ProviderBusy("the provider can't be reached: the connection failed or was lost")


def _tls_problem(cause: BaseException | None) -> str | None:
    """Return a problem with a server's TLS that a person must solve; ``None`` for others, such as a lost handshake."""
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not valid here"
        if isinstance(cause, ssl.SSLError) and cause.reason in _NOT_TLS:
            return "it does not speak TLS"
        cause = cause.__cause__ or cause.__context__
    return None
