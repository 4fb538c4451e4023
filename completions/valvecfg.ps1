# Asks the program, so that what is offered is always that of this store and this version.
$env:COMPLETE = "powershell"
valvecfg | Out-String | Invoke-Expression
Remove-Item Env:\COMPLETE
