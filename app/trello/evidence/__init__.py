"""Which cards made a figure: kept with each change of the set, and shown with the reasons.

`keeping` writes the rows, within a sync, `thinning` lets go of old ones, by the admins' rule, and
`reading` reads them; the page "Which cards" is
asked for in `views`, filled in `filling`, and said by `page`, `lines` and `why`.
"""
