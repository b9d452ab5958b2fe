"""What people are told inside the UI.

- `store.py`: the documents
- `notifications.py`: telling somebody something, once
- `imported.py`: that something was imported
"""
