"""The operations on all that is not an event: charts, hold tokens, workspaces."""

from api.seatsio.chart_categories import CategoryUpdateAsked
from api.seatsio.charts import ChartAsked, ChartUpdateAsked
from api.seatsio.drawings import CategoryAsked
from api.seatsio.hold_tokens import DeadlineAsked, HoldTokenAsked
from api.seatsio.openapi.operation import PAGE, Operation, Operations, get, post
from api.seatsio.ticket_buyers import TicketBuyersAsked
from api.seatsio.workspaces import DefaultAsked, SecretKeyToRemove, WorkspaceAsked, WorkspaceChange

HOLD_TOKENS: Operations = {
    ("POST", "/hold-tokens"): post("Create a hold token", HoldTokenAsked, "HoldToken"),
    ("GET", "/hold-tokens/{token}"): get("Retrieve a hold token", "HoldToken"),
    ("POST", "/hold-tokens/{token}"): post(
        "Move the end of a hold token", DeadlineAsked, "HoldToken"
    ),
}

_CHART = "/charts/{key}"
_CATEGORY = f"{_CHART}/categories/{{category}}"
_LISTED = (*PAGE, "filter", "tag", "expand chart", "validation", "eventsLimit")

CHARTS: Operations = {
    ("POST", "/charts"): post("Create a chart", ChartAsked, "Chart"),
    ("POST", "/charts/actions/import"): Operation(
        "Import a drawing", query=("name",), answers={201: "Chart"}
    ),
    ("POST", f"{_CHART}/actions/import"): Operation("Draw a chart anew", query=("name",)),
    ("POST", "/system/public/charts/{key}"): Operation("Upload a chart", answers={201: "Chart"}),
    ("GET", "/charts"): get("List charts", "Charts", *_LISTED),
    ("GET", "/charts/archive"): get("List archived charts", "Charts", *_LISTED),
    ("GET", "/charts/tags"): get("List the tags of charts", "Tags"),
    ("GET", _CHART): get("Retrieve a chart", "Chart", "expand chart", "eventsLimit"),
    ("POST", _CHART): post("Update a chart", ChartUpdateAsked),
    ("POST", f"{_CHART}/actions/move-to-archive"): post("Archive a chart"),
    ("POST", f"{_CHART}/actions/move-out-of-archive"): post("Take a chart out of the archive"),
    ("POST", f"{_CHART}/tags/{{tag}}"): post("Tag a chart"),
    ("DELETE", f"{_CHART}/tags/{{tag}}"): post("Remove the tag of a chart"),
    ("GET", f"{_CHART}/categories"): get("List the categories of a chart", "Categories"),
    ("POST", f"{_CHART}/categories"): post("Add a category to a chart", CategoryAsked),
    ("POST", _CATEGORY): post("Update a category of a chart", CategoryUpdateAsked),
    ("DELETE", _CATEGORY): post("Remove a category of a chart"),
    ("POST", f"{_CHART}/version/draft/actions/publish"): post("Publish the draft of a chart"),
    ("POST", f"{_CHART}/version/draft/actions/discard"): post("Discard the draft of a chart"),
    ("POST", f"{_CHART}/version/published/actions/copy-to-workspace/{{to}}"): post(
        "Copy a chart to another workspace", shape="Chart"
    ),
    ("POST", f"{_CHART}/version/published/actions/copy/from/{{from}}/to/{{to}}"): post(
        "Copy a chart from workspace to workspace", shape="Chart"
    ),
    ("GET", "/system/public/thumbnails/{drawing_hash}.png"): Operation(
        "Show a drawing", answers={200: "Picture"}
    ),
    **{
        ("GET", f"{_CHART}/version/{version}/thumbnail"): Operation(
            f"Show the {version} version of a chart", answers={200: "Picture"}
        )
        for version in ("published", "draft")
    },
    **{
        (method, f"{_CHART}/version/{version}{action}"): post(
            f"{verb} the {version} version of a chart", shape=shape
        )
        for version in ("published", "draft")
        for method, action, verb, shape in (
            ("GET", "", "Retrieve", "Drawing"),
            ("POST", "/actions/validate", "Validate", "Validation"),
            ("POST", "/actions/copy", "Copy", "Chart"),
        )
    },
}

TICKET_BUYERS: Operations = {
    ("GET", "/ticket-buyers"): get("List ticket buyers", "TicketBuyers", *PAGE),
    ("POST", "/ticket-buyers"): post("Add ticket buyers", TicketBuyersAsked, "TicketBuyersAdded"),
    ("DELETE", "/ticket-buyers"): post(
        "Remove ticket buyers", TicketBuyersAsked, "TicketBuyersRemoved"
    ),
}

_WORKSPACE = "/workspaces/{key}"

WORKSPACES: Operations = {
    **{
        ("GET", f"/workspaces{which}"): get(f"List {kind}workspaces", "Workspaces", *PAGE, "filter")
        for which, kind in (("", ""), ("/active", "active "), ("/inactive", "inactive "))
    },
    ("POST", "/workspaces"): post("Create a workspace", WorkspaceAsked, "Workspace"),
    ("GET", _WORKSPACE): get("Retrieve a workspace", "Workspace"),
    ("POST", _WORKSPACE): post("Update a workspace", WorkspaceChange),
    ("DELETE", _WORKSPACE): post("Delete a workspace"),
    ("POST", f"{_WORKSPACE}/actions/activate"): post("Activate a workspace"),
    ("POST", f"{_WORKSPACE}/actions/deactivate"): post("Deactivate a workspace"),
    ("POST", f"{_WORKSPACE}/actions/add-secret-key"): post("Add a secret key", shape="SecretKey"),
    ("POST", f"{_WORKSPACE}/actions/regenerate-secret-key"): post(
        "Regenerate the secret key", shape="SecretKey"
    ),
    ("POST", f"{_WORKSPACE}/actions/remove-secret-key"): post(
        "Remove a secret key", SecretKeyToRemove
    ),
    ("POST", "/workspaces/actions/set-default/{key}"): post(
        "Make a workspace the default", DefaultAsked
    ),
}
