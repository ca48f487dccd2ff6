"""A portfolio's figures as JSON: `hanse risk portfolio --json` prints it, `/v1/portfolio-risk` answers it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hanse_ledger.ids import Month, month_text
from node.risk.portfolio.movers import Mover, Standing
from node.risk.portfolio.position import Cell, Position
from node.risk.portfolio.runs import Run
from node.risk.portfolio.summary import Mass, Summary

FORMAT: Final = "hanse-portfolio-risk/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Who has moved since a kept run."""

    since: Run
    movers: Sequence[Mover]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One run over all customers, with who has moved since the last run and since the month before."""

    made_at: datetime
    month: Month | None
    """The last closed one."""
    policy: str
    currency: str
    exponent: int
    matrix: Sequence[Sequence[str]]
    """The levels of the policy's risk matrix, from the highest likelihood down."""
    positions: Sequence[Position] = field(repr=False)
    summary: Summary
    since_run: Changes | None
    since_close: Changes | None


def document_of(overview: Overview, *, with_positions: bool) -> dict[str, Any]:
    """Return an overview as JSON; amounts in minor units of the currency."""
    summary = overview.summary
    shown = {"positions": [_position(one) for one in overview.positions]} if with_positions else {}
    return {
        "format": FORMAT,
        "made_at": overview.made_at.isoformat(),
        "last_closed_month": None if overview.month is None else month_text(overview.month),
        "policy": overview.policy,
        "currency": overview.currency,
        "total": _mass(summary.total),
        "grades": {grade: _mass(mass) for grade, mass in summary.grades},
        "cells": [{**_cell(one.cell), **_mass(one.mass)} for one in summary.cells],
        "outside_matrix": _mass(summary.outside),
        "network": {coverage: _mass(mass) for coverage, mass in summary.coverage},
        "concentration": _concentration(summary),
        "expected_loss": _expected_loss(summary),
        "since_last_run": _changes(overview.since_run),
        "since_last_close": _changes(overview.since_close),
        **shown,
    }


def _mass(mass: Mass) -> dict[str, int]:
    return {
        "customers": mass.customers,
        "exposure_minor": mass.exposure_minor,
        "exposure_unknown": mass.unknown,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {"likelihood": cell.likelihood, "impact": cell.impact, "level": cell.level}


def _concentration(summary: Summary) -> dict[str, Any] | None:
    found = summary.concentration
    if found is None:
        return None
    return {"largest": {str(n): share for n, share in found.largest}, "hhi": found.hhi}


def _expected_loss(summary: Summary) -> dict[str, Any] | None:
    found = summary.expected_loss
    if found is None:
        return None
    return {
        "amount_minor": found.amount_minor,
        "loss_given_default": found.loss_given_default,
        "customers": found.customers,
        "exposure_minor": found.exposure_minor,
    }


def _changes(changes: Changes | None) -> dict[str, Any] | None:
    if changes is None:
        return None
    return {
        "month": month_text(changes.since.month),
        "made_at": changes.since.made_at.isoformat(),
        "policy": changes.since.policy,
        "movers": [
            {
                "subject": mover.subject,
                "direction": mover.direction,
                "before": _standing(mover.before),
                "after": _standing(mover.after),
            }
            for mover in changes.movers
        ],
    }


def _standing(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    return {
        "grade": standing.grade,
        "score": standing.score,
        "level": standing.level,
        "exposure_minor": standing.exposure_minor,
    }


def _position(position: Position) -> dict[str, Any]:
    return {
        "subject": position.subject,
        "customers": list(position.customers),
        "grade": position.grade,
        "score": position.score,
        "cell": None if position.cell is None else _cell(position.cell),
        "response": position.response,
        "exposure_minor": position.exposure_minor,
        "limit_minor": position.limit_minor,
        "probability_late_30": position.probability,
        "network": position.coverage,
    }
