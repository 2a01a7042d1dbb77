"""Cases of the base, run on workflows that changed, to what comes out differently."""
