"""Files in the manner of what people really have, each with what it must become."""
