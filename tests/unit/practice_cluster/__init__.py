"""The practice cluster without its server: rules, controllers under a clock of our own, the toy shell."""
