"""One thesis from a recorded conversation; recorded against the stand-in server, no model was involved.

The prompt is matched byte for byte: after a change of prompt or schema record it again with
`python -m tests.agent.test_cassette`.
"""

from pathlib import Path

import vcr

from agent.analysts.openai import OpenAIAnalyst, OpenAISettings
from tests.agent.asking import thesis
from tests.standins.chat_server import ChatServer

CASSETTE = Path(__file__).with_name("cassettes") / "thesis.yaml"
KEPT = {"accept", "content-type"}
HOST = "http://model.invalid"
KEY = "sk-never-in-a-cassette"


def tidy_request(request):
    request.headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT}
    request.uri = HOST + request.path
    return request


def tidy_response(response):
    response["headers"] = {name: value for name, value in response["headers"].items() if name.lower() in KEPT}
    return response


def recorder(mode):
    return vcr.VCR(
        record_mode=mode,
        match_on=["method", "path", "body"],
        before_record_request=tidy_request,
        before_record_response=tidy_response,
    )


def analyst(base_url):
    return OpenAIAnalyst(
        OpenAISettings(_env_file=None, openai_api_key=KEY, openai_base_url=base_url, pm_model="gpt-5-mini")
    )


def test_a_recorded_conversation_replays_without_a_server_and_wherever_it_was():
    with recorder("none").use_cassette(CASSETTE) as cassette:
        answer = thesis(analyst("http://127.0.0.1:9/v1"))

    assert cassette.all_played
    assert answer.value.symbol == "KO"
    assert answer.calls[0].prompt_tokens > 0


def test_a_changed_prompt_is_not_answered_from_the_cassette():
    with recorder("none").use_cassette(CASSETTE):
        answer = thesis(analyst("http://127.0.0.1:9/v1"), "HD")

    assert answer.value is None


def test_the_cassette_holds_no_secret_and_only_listed_headers():
    text = CASSETTE.read_text()

    assert KEY not in text
    assert not any(
        word in text.lower() for word in ("authorization", "bearer", "x-stainless", "set-cookie", "127.0.0.1")
    )


if __name__ == "__main__":
    CASSETTE.unlink(missing_ok=True)
    with ChatServer() as server, recorder("once").use_cassette(CASSETTE):
        thesis(analyst(server.base_url))
