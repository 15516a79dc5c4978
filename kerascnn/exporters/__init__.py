"""Exporters: formats in which a trained model is handed on."""
