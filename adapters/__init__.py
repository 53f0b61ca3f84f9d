"""The ports and what stands behind them: the log, the read model, the clock."""
