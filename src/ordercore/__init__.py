"""An order-management core: orders, stock, payments, fulfilment."""
