# Asks the program, so that what is offered is always that of this store and this version.
COMPLETE=fish valvecfg | source
