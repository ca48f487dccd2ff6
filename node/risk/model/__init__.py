"""A probability of paying more than 30 days late in the next three months, fitted on the firm's own history.

`cases` says what was known on past days and what became of it, `fitting` fits and tests on later days,
`logistic` is the fitted model, `card` what it is and how good. Only `fitting` needs scikit-learn.
"""
