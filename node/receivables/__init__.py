"""Reading a firm's export: columns, dates, currencies, customer ids."""
