extension FieldTable {
    /// Whether every record, at any depth, is of a known field. False also where that is in doubt: where
    /// records are broken or not in ascending order, or a map holds messages.
    func knowsAll(in bytes: UnsafeRawBufferPointer) -> Bool {
        let headers = headers
        var at = 0
        var place = 0
        while at < bytes.count {
            guard let tag = Self.varint(bytes, &at) else { return false }
            let number = tag >> 3
            while place < headers.count, UInt64(headers[place].number) < number { place += 1 }
            guard place < headers.count, UInt64(headers[place].number) == number else {
                return false
            }
            switch tag & 7 {
            case 0: guard Self.varint(bytes, &at) != nil else { return false }
            case 1: at += 8
            case 5: at += 4
            case 2:
                guard let length = Self.varint(bytes, &at), length <= UInt64(bytes.count - at)
                else { return false }
                let end = at + Int(length)
                if headers[place].holdsRecords {
                    let inside = UnsafeRawBufferPointer(rebasing: bytes[at..<end])
                    guard !headers[place].isMap, let table = fields[place].kind.table,
                        table.knowsAll(in: inside)
                    else { return false }
                }
                at = end
            default: return false
            }
        }
        return at == bytes.count
    }

    /// Nil if it ends too early or is over ten bytes.
    private static func varint(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<10 {
            guard at < bytes.count else { return nil }
            let byte = bytes[at]
            at += 1
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 { return value }
        }
        return nil
    }
}
