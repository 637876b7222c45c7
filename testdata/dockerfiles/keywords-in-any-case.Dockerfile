from a
Run b
fRoM c as D
cmd ["e"]
