"""The seats machine: which object of which event has which status, and who may change it."""
