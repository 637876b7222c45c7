def run():
    import bz2
    import ctypes
    import lzma
    import uuid
    import xml.etree.ElementTree
    import zlib

    length = ctypes.CDLL("libc.so.6").strlen(b"seven c")
    packed = [tool.decompress(tool.compress(b"cargo")) == b"cargo" for tool in (bz2, lzma, zlib)]
    tree = xml.etree.ElementTree.fromstring("<ship><mast/></ship>")
    return f"{length} {packed} {len(tree)} {uuid.UUID(int=7)}"
