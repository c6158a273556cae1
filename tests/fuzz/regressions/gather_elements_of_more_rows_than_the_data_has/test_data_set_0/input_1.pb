
Bx2JG=