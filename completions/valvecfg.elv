# Asks the program, so that what is offered is always that of this store and this version.
eval (E:COMPLETE=elvish valvecfg | slurp)
