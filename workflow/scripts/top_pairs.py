"""Print a run's strongest pairs and where its table and report lie: top_pairs.py CONFIG."""

import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lmi.results import parquet
from lmi.results.table import top_pairs_text

config = yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8"))
results = Path("results", config.get("run", "demo"))
table = parquet.read(results / "mi.parquet")
print(
    top_pairs_text(
        table, n=10, files={"table": results / "mi.tsv", "report": results / "report.html"}
    )
)
