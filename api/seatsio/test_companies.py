"""Throw-away companies, as the vendor's staging system makes them for tests of its clients.

Only where the setting TEST_COMPANIES asks for them: whoever knows the system secret gets keys.
"""

import hmac
from uuid import uuid4

from aiohttp import web

from api.auth import secret_in
from api.call import Call, Route
from api.errors import UnauthorizedError
from api.seatsio.parts import JSON, Parts, answer
from api.seatsio.workspaces import new_workspace_json

WORKSPACE_NAME = "Production workspace"


class TestCompanies:
    """The route that makes a company."""

    __test__ = False
    """Not a test itself, whatever its name looks like."""

    def __init__(self, parts: Parts, system_secret: str) -> None:
        self._parts = parts
        self._system_secret = system_secret.encode()

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/system/private/create-test-company",
                handler=self._create,
                authenticated=False,
            )
        ]

    async def _create(self, call: Call) -> web.Response:
        secret = secret_in(call.request.headers.get("Authorization"))
        if secret is None or not hmac.compare_digest(secret, self._system_secret):
            raise UnauthorizedError
        accounts = self._parts.accounts
        company = await accounts.create_company()
        created = await accounts.create_workspace(company.id, WORKSPACE_NAME, is_default=True)
        admin_key = await accounts.create_admin_key(company.id)
        # Whoever gets a key uses it at once; other processes hear of it by themselves.
        await self._parts.core.keys.refresh()
        admin: JSON = {
            "secretKey": admin_key.secret,
            "designerKey": str(uuid4()),
            "email": f"test-{company.id}@example.invalid",
        }
        return answer({"admin": admin, "workspace": new_workspace_json(created)})
