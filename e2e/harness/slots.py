"""Hash slots, computed here so that tests do not ask the server whether it is right."""

SLOT_COUNT = 16384
_POLYNOMIAL = 0x1021


def _table():
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1) ^ (_POLYNOMIAL if value & 0x8000 else 0)
        table.append(value & 0xFFFF)
    return table


_CRC16 = _table()


def crc16(data):
    """CRC16/XMODEM."""
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFF) ^ _CRC16[(value >> 8) ^ byte]
    return value


def hash_slot(key):
    """The slot of `key` (str or bytes), by its hash tag if it has one that is not empty."""
    data = key if isinstance(key, bytes) else key.encode()
    opening = data.find(b"{")
    if opening >= 0:
        closing = data.find(b"}", opening + 1)
        if closing > opening + 1:
            data = data[opening + 1 : closing]
    return crc16(data) % SLOT_COUNT


def tag_of_each_slot():
    """A list of 16384 short tags: the one at index s hashes to slot s."""
    tags = [None] * SLOT_COUNT
    left = SLOT_COUNT
    number = 0
    while left > 0:
        tag = str(number)
        slot = crc16(tag.encode()) % SLOT_COUNT
        if tags[slot] is None:
            tags[slot] = tag
            left -= 1
        number += 1
    return tags
