"""What a session ran to one page to look at. Loaded only under ``--pflow-report``."""
