"""Run every measurement, write bench/result.json, say whether the budget is kept (exit 0) or not (exit 1)."""

import importlib
import json
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

#: Modules of this folder. Each has measure() -> dict with "within_limit", and show(dict).
PARTS = (
    "teif_bench",
    "agent_bench",
    "digigo_bench",
    "list_bench",
    "queue_bench",
    "import_bench",
    "archive_bench",
    "api_bench",
)


def main():
    results = {"measured": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    kept = True
    for part in PARTS:
        module = importlib.import_module(f"bench.{part}")
        results[part] = module.measure()
        module.show(results[part])
        kept = kept and results[part]["within_limit"]
    (FOLDER / "result.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print("within the budget" if kept else "BUDGET EXCEEDED")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
