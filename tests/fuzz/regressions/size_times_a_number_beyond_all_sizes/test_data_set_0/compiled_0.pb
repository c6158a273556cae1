B
compiled_0J─лWa┴єзв