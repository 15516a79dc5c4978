"""The dashboard: a Streamlit app over the same specs, commands and run folders as the command line. It never imports
keras: what needs it runs in a process of its own."""
