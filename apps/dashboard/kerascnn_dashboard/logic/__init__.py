"""What the dashboard does, without Streamlit: tested without a browser."""
