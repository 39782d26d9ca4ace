"""What scripts rely on: keys and types of every `--json`, as README and issue promise them."""

import pytest

NUMBER = (int, float)
MAYBE_NUMBER = (int, float, type(None))
PROPOSAL = {
    "id": str,
    "version": int,
    "origin": str,
    "batch_id": str,
    "symbol": str,
    "action": str,
    "asked_pct": NUMBER,
    "asked_quantity": NUMBER,
    "quantity": NUMBER,
    "filled_quantity": NUMBER,
    "sized_by": list,
    "waits_behind": list,
    "decision": str,
    "status": str,
    "expires_at": (str, type(None)),
    "breached": list,
    "rules": list,
}
RULE = {
    "rule": str,
    "outcome": str,
    "observed": MAYBE_NUMBER,
    "soft": MAYBE_NUMBER,
    "hard": MAYBE_NUMBER,
    "largest_quantity": MAYBE_NUMBER,
    "message": str,
}
ORDER = {
    "client_order_id": str,
    "symbol": str,
    "side": str,
    "quantity": NUMBER,
    "filled_quantity": NUMBER,
    "status": str,
}
RUN = {
    "slot": str,
    "as_of": str,
    "analyst": str,
    "status": str,
    "already_done": bool,
    "proposals": list,
    "undecided": dict,
    "orders": list,
    "model": dict,
    "assumptions": list,
}
MODEL = {"calls": int, "cached": int, "prompt_tokens": int, "completion_tokens": int, "cost_usd": NUMBER}
POSITIONS = {"cash": NUMBER, "equity": NUMBER, "positions": list}
POSITION = {"symbol": str, "sector": str, "quantity": NUMBER, "price": NUMBER, "weight": NUMBER}
STATUS = {
    "portfolio": str,
    "session": str,
    "control": str,
    "equity": NUMBER,
    "cash": NUMBER,
    "drawdown": NUMBER,
    "positions": int,
    "open_orders": int,
    "waiting": int,
    "last_run": dict,
}
DECISIONS = {"execute", "resize", "approval", "reject", "halt", "none"}


def conforms(value, shape):
    for key, kind in shape.items():
        assert key in value, f"{key} is missing"
        assert isinstance(value[key], kind), f"{key} is {value[key]!r}"
    return value


def is_proposal(value):
    conforms(value, PROPOSAL)
    assert value["decision"] in DECISIONS
    assert all(conforms(rule, RULE) for rule in value["rules"])
    names = {rule["rule"] for rule in value["rules"]}
    assert set(value["breached"]) <= names
    return True


@pytest.mark.parametrize("command", ["run --as-of 2017-05-26", "report", "report --slot 2017-05-26"])
def test_run_and_report_tell_slot_analyst_proposals_orders_model_and_assumptions(demo, command):
    told = conforms(demo.json(*command.split()), RUN)

    assert (told["slot"], told["as_of"], told["analyst"], told["status"]) == (
        "2017-05-26",
        "2017-05-26",
        "quant",
        "done",
    )
    assert told["proposals"]
    assert all(is_proposal(p) for p in told["proposals"])
    assert told["orders"]
    assert all(conforms(order, ORDER) for order in told["orders"])
    assert conforms(told["model"], MODEL)["calls"] == 0
    assert all(isinstance(sentence, str) and sentence for sentence in told["assumptions"])


def test_a_first_run_is_told_like_a_stored_one(fresh):
    first = fresh.json("run")
    again = fresh.json("run", "--as-of", first["as_of"])

    assert first.pop("already_done") is False
    assert again.pop("already_done") is True
    assert first == again


def test_pending_and_propose_are_lists_and_the_answers_single_proposals(demo, proposals):
    waiting = demo.json("pending")
    put_in = demo.json("propose", proposals({"symbol": "JPM"}))
    explained = demo.json("why", waiting[0]["id"])
    approved = demo.json("approve", waiting[0]["id"])

    assert len(waiting) == 1
    assert is_proposal(waiting[0])
    assert len(put_in) == 1
    assert is_proposal(put_in[0])
    assert put_in[0]["origin"] == "person"
    assert is_proposal(explained)
    assert explained == waiting[0]
    assert is_proposal(approved)
    assert approved["id"] == waiting[0]["id"]


def test_reject_tells_the_proposal_as_it_ended(demo):
    waiting = demo.json("pending")[0]

    told = demo.json("reject", waiting["id"], "--reason", "no")

    assert is_proposal(told)
    assert (told["id"], told["status"], told["filled_quantity"]) == (waiting["id"], "declined", 0)


def test_positions_add_up_to_the_equity(demo):
    told = conforms(demo.json("positions"), POSITIONS)

    assert all(conforms(position, POSITION) for position in told["positions"])
    held = sum(position["quantity"] * position["price"] for position in told["positions"])
    assert told["cash"] + held == pytest.approx(told["equity"], abs=0.05)
    assert sum(p["weight"] for p in told["positions"]) == pytest.approx(held / told["equity"], abs=1e-4)


def test_orders_status_audit_and_doctor_speak_json(demo):
    orders = demo.json("orders")
    status = conforms(demo.json("status"), STATUS)
    audit = demo.json("audit", "verify")
    parts = demo.json("doctor")

    assert all(conforms(order, ORDER) for order in orders)
    assert status["waiting"] == 1
    assert status["drawdown"] <= 0
    assert audit["valid"] is True
    assert audit["rows"]["demo"] > 0
    assert all(conforms(part, {"part": str, "ok": bool, "found": str, "remedy": str}) for part in parts)
    assert {"settings", "mandate", "policy", "market data", "broker", "analyst", "ledger"} <= {p["part"] for p in parts}


def test_every_reading_command_speaks_json_on_an_empty_home(fresh):
    assert fresh.json("positions")["positions"] == []
    assert fresh.json("orders") == []
    assert fresh.json("pending") == []
    assert fresh.json("status")["last_run"] is None
    assert fresh.json("audit", "verify")["valid"] is True


@pytest.mark.parametrize(
    "command",
    ["report", "why ABC", "approve ABC", "reject ABC", "run --as-of 2017-05-27", "propose /nowhere", "reset"],
)
def test_a_refusal_is_error_and_remedy_on_standard_output_with_exit_1(fresh, command):
    said = fresh(*command.split(), "--json")

    assert said.code == 1
    assert set(said.json) == {"error", "remedy"}
    assert said.json["error"]
    assert said.json["remedy"]
    assert said.err == ""


USAGE = ["bogus", "run --bogus", "approve", "audit bogus", "orders --limit 0", "orders --limit x", "run a b"]


@pytest.mark.parametrize("command", USAGE)
def test_a_usage_error_is_told_in_json_too_with_exit_2(fresh, command):
    said = fresh(*command.split(), "--json")

    assert said.code == 2
    assert set(said.json) == {"error", "remedy"}
    assert "--help" in said.json["remedy"]


@pytest.mark.parametrize("command", USAGE)
def test_a_usage_error_is_two_lines_for_a_person_with_exit_2(fresh, command):
    assert "--help" in fresh(*command.split()).refused(code=2)
    assert not fresh.home.exists()
