"""One call to an ingress, for the command line."""

import asyncio
from collections.abc import Mapping

import aiohttp

call_timeout_s = 30.0


class CallError(Exception):
    """The ingress did not answer, or refused; the message says what it said."""


def post(url: str, key: str, body: bytes, query: Mapping[str, str]) -> bytes:
    """Post a body and give that of the answer; raises CallError."""
    return asyncio.run(_post(url, key, body, query))


async def _post(url: str, key: str, body: bytes, query: Mapping[str, str]) -> bytes:
    timeout = aiohttp.ClientTimeout(total=call_timeout_s)
    try:
        headers = {"Authorization": aiohttp.encode_basic_auth(key, "")}
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
            session.post(url, data=body, params=query) as response,
        ):
            answer = await response.read()
            if not response.ok:
                said = answer.decode(errors="replace") or response.reason
                message = f"{url} answered {response.status}: {said}"
                raise CallError(message)
            return answer
    except (aiohttp.ClientError, TimeoutError) as error:
        message = f"{url} does not answer: {error!r}"
        raise CallError(message) from error
