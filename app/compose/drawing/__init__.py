"""How a layered drawing is made, a step a module. Pure, and all of it on plain indexes: `app/compose/layout.py` calls.

- `cards.py`: how large the canvas draws each type of node
- `columns.py`: circles are broken, each card gets its column
- `strands.py`: long edges become chains of points, one a column
- `crossings.py`: the order within each column, with few crossings
- `heights.py`: from orders to coordinates, without overlaps
- `packing.py`: parts that hang together beside each other, single cards as a block
"""
