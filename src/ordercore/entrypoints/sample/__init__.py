"""The only place for the demo's data: some three hundred products and orders, cut by tools/make_sample.py."""

from pathlib import Path

PRODUCTS = Path(__file__).with_name("products.csv.gz")
ORDERS = Path(__file__).with_name("orders.jsonl.gz")
