"""One pure function a kind: is this object healthy?"""
