"""Attacks by a member's own people: on what was decided, on who decides, on what leaves with a calendar."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from support_asking import people_of
from support_consortium import DESK, canonical, document, statement_key
from support_http import API_KEY, Served
from support_node import OneThread
from support_people import ANALYST, APPROVER, AUDITOR

from hanse_ledger.consortium import parse_document
from hanse_ledger.errors import NotPermittedError
from hanse_ledger.ids import SubjectId
from node.errors import AuditChainError
from node.own.scopes import SCOPES
from node.risk.audit import AuditChain, Head
from node.risk.experts import Experts, Opinion
from node.risk.grades import Grade
from node.risk.kinds import Rating
from node.risk.roles import Actor, Role
from node.service import Doors
from node.storage.database import Database
from node.storage.risk_schema import audit, risk_entry

SUBJECT = SubjectId("ref:DEMO:1")
RISKS = f"/v1/subjects/{SUBJECT}/risks"
RISK = {"kind": "market", "text": "t", "rating": {"probability": 1, "impact": 1}}


class Office:
    """A node's experts beside a model whose grade the test sets."""

    def __init__(self, database: Database, served: Served) -> None:
        self.database = database
        self.model: Grade = "C"
        self.clock = served.own.clock
        self.audit = AuditChain(database)
        self.experts = Experts(database, self.clock, self.audit, model_grade=lambda _: self.model)

    def assess(self, actor: Actor, grade: Grade, name: str) -> str:
        opinion = Opinion(
            grade=grade,
            ratings={"credit": Rating(probability=3, impact=3)},
            reason="r",
            evidence=("e",),
            expires_on=self.clock.now().date() + timedelta(days=30),
        )
        self.experts.assess(actor, SUBJECT, opinion, assessment_id=name)
        return name

    def grade(self) -> Grade:
        return self.experts.view(AUDITOR, SUBJECT).grade


@pytest.fixture
def served() -> Iterator[Served]:
    host, made = OneThread(), Served()
    host.start(DESK, lambda: (lambda _caller, _verb, _body: b"{}", lambda: None))
    consortium = parse_document(canonical(document()))
    made.start(DESK, consortium, Doors(node=host.door(DESK)), key=statement_key(DESK))
    yield made
    made.close()
    host.close()


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=30) as made:
        yield made


@pytest.fixture
def office(tmp_path: Path, served: Served) -> Iterator[Office]:
    database = Database(tmp_path / "office.sqlite")
    yield Office(database, served)
    database.close()


def test_history_edited_in_the_database(office: Office) -> None:
    office.assess(ANALYST, "E", "1")
    with office.database.write() as connection:
        content = connection.execute(select(audit.c.content)).scalar_one()
        better = str(content).replace('"grade":"E"', '"grade":"C"')
        connection.execute(audit.update(), {"content": better})
    with pytest.raises(AuditChainError):
        office.experts.of(SUBJECT)
    with pytest.raises(AuditChainError) as found:
        office.audit.verify()
    assert found.value.number == 0


def test_chain_cut_off_or_made_anew(office: Office) -> None:
    for number in range(3):
        office.assess(ANALYST, "D", str(number))
    kept = Head.parse(str(office.audit.head()))
    rows = office.audit.rows(limit=9)
    with office.database.write() as connection:
        connection.execute(audit.delete().where(audit.c.number == 2))
    office.audit.verify()
    with pytest.raises(AuditChainError):
        office.audit.verify(kept)
    with office.database.write() as connection:
        connection.execute(audit.delete())
        for row in rows:
            changed = replace(row.actor, name="somebody else")
            office.audit.append(
                connection,
                actor=changed,
                action=row.action,
                subject=row.subject,
                content=row.content,
                at=row.at,
            )
    office.audit.verify()
    with pytest.raises(AuditChainError):
        office.audit.verify(kept)


def test_one_person_raises_a_grade(office: Office) -> None:
    raised = office.assess(APPROVER, "A", "1")
    roles: tuple[Role, ...] = ("approver", "analyst", "compliance")
    for role in roles:
        with pytest.raises(NotPermittedError):
            office.experts.confirm(Actor(name=APPROVER.name, role=role), SUBJECT, raised)
    assert office.grade() == "C"
    lowered = office.assess(APPROVER, "E", "2")
    with pytest.raises(NotPermittedError):
        office.experts.withdraw(APPROVER, SUBJECT, lowered, "never mind")
    office.assess(APPROVER, "C", "3")
    assert office.grade() == "E"
    second = Actor(name="second", role="approver")
    office.experts.withdraw(second, SUBJECT, lowered, "agreed")
    office.assess(APPROVER, "C", "4")
    office.model = "E"
    assert office.grade() == "E"


def test_scopes_without_a_role(served: Served, client: httpx.Client) -> None:
    ask = people_of(served, client)
    nobody = client.post(RISKS, json=RISK, headers={"authorization": f"Bearer {API_KEY}"})
    answers = [nobody, *(ask(name, "POST", RISKS, json=RISK) for name in ("ada", "di"))]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "not_permitted")] * 3
    with served.own._database.read() as connection:
        assert connection.execute(select(risk_entry)).all() == []


def test_key_made_for_somebody_else(served: Served, client: httpx.Client) -> None:
    ask = people_of(served, client)
    asked = {"name": "x", "scopes": ["risk:approve"], "person": "bo"}
    assert ask("ann", "POST", "/v1/api-keys", json=asked).status_code == 403
    keys = served.own.keys.new(name="keys", scopes=SCOPES, expires_at=None)
    bearer = {"authorization": f"Bearer {keys.secret}"}
    assert client.post("/v1/api-keys", json=asked, headers=bearer).status_code == 403
    made = ask("ada", "POST", "/v1/api-keys", json=asked)
    row = served.own.audit.rows(limit=99)[-1]
    assert (row.actor.name, row.action) == ("ada", "people.bound")
    assert row.content == {"name": "bo", "key": made.json()["id"]}


def test_calendar_address_found(served: Served, client: httpx.Client) -> None:
    ask = people_of(served, client)
    served.own.customers.say("4711", name="Alder Ltd", subject=SUBJECT)
    made = ask("ann", "POST", "/v1/reviews/calendar").json()
    shown = client.get(made["path"])
    assert shown.status_code == 200
    assert "4711" in shown.text
    assert not [word for word in (SUBJECT, "Alder", "grade") if word in shown.text]
    bearer = {"authorization": f"Bearer {made['path'].partition('key=')[2]}"}
    routes = ("/v1/reviews", RISKS, "/v1/audit", "/v1/people", "/v1/subjects")
    assert {client.get(path, headers=bearer).status_code for path in routes} == {403}
    ask("ada", "DELETE", f"/v1/api-keys/{made['key_id']}")
    assert client.get(made["path"]).status_code == 401
