"""/kill /resume /flatten /reconcile: the desk as a whole."""

from workers.telegram import whole_desk
from workers.telegram.commands import Command
from workers.telegram.desk import Visit
from workers.telegram.response import Response
from workers.telegram.staff import Role


def _reconcile(visit: Visit) -> Response:
    visit.desk.command(visit.incoming.update_id, {"do": "reconcile", "by": visit.person.name})
    return Response("recorded", "recorded: the broker is asked about every open order", "reconcile")


COMMANDS = {
    "kill": Command(Role.ADMIN, "[why]: stop at once, no questions asked", whole_desk.kill),
    "resume": Command(Role.ADMIN, "go on, with a confirmation", whole_desk.resume),
    "flatten": Command(Role.ADMIN, "sell everything, with a confirmation", whole_desk.offer_flatten),
    "reconcile": Command(Role.ADMIN, "compare book and broker", _reconcile),
}
