"""Reading a firm's export: columns, dates, currencies, customer ids. Touches no storage.

`read.read_receivables` is the way in; `mapping` is what a firm may say about its file, `subjectmap`
its customer numbers, `outcome` what comes back, `sample` makes made-up data.
"""
