"""The main job, end to end, in one folder: `tailorbird demo`.

In: a file of orders, or nothing (the simulator makes a shop).
Out: a data folder that `tailorbird serve` shows, and a report with every figure checked.
"""

from __future__ import annotations

from tailorbird.demo.plan import Plan, folder_for
from tailorbird.demo.report import Check, Report, lines, summary
from tailorbird.demo.run import run

__all__ = ["Check", "Plan", "Report", "folder_for", "lines", "run", "summary"]
