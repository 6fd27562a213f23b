// One of the few files with unsafe pointers: the scan that decides whether a record can be decoded in
// place walks over the bytes between `position` and `end`, and compares before every load.
extension WireReader {
    /// Decodes the current record, rewritten first if its layout is not the canonical one.
    @usableFromInline @inline(never)
    mutating func normalized(
        _ table: FieldTable, _ body: (inout WireReader) throws(WireError) -> Void
    ) throws(WireError) {
        if hasCanonicalLayout(table) { return try body(&self) }
        let scratch = try rewritten(table)
        try withScratch(scratch, body)
    }

    /// The current record in canonical layout.
    @usableFromInline @inline(never)
    mutating func rewritten(
        _ table: FieldTable, isEntry: Bool = false
    ) throws(WireError) -> [UInt8] {
        let count = end - position
        try charge(2 * (count + Self.blockOverhead))
        let offset = isScratch ? origin : origin + (position - base)
        let body = [UInt8](UnsafeRawBufferPointer(start: position, count: count))
        var normalizer = Normalizer(
            body, table, isEntry: isEntry, offset: offset, isScratch: isScratch, heap: heap)
        let scratch = try normalizer.run()
        heap = normalizer.heap
        unknownBudget -= normalizer.droppedBytes
        if unknownBudget < 0 { throw recordFailure(.unknownExceeded) }
        return scratch
    }

    /// Decodes rewritten bytes in place of the current record, and ends behind it.
    @inlinable @inline(never)
    mutating func withScratch<T>(
        _ scratch: [UInt8], _ body: (inout WireReader) throws(WireError) -> T
    ) throws(WireError) -> T {
        var inner = self
        let value = try scratch.withUnsafeBufferPointer { buffer throws(WireError) in
            inner.redirect(UnsafeRawBufferPointer(buffer))
            return try body(&inner)
        }
        heap = inner.heap
        unknownBudget = inner.unknownBudget
        position = end
        return value
    }

    @usableFromInline
    mutating func redirect(_ bytes: UnsafeRawBufferPointer) {
        origin = isScratch ? origin : origin + (start - base)
        isScratch = true
        base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        position = base
        start = base
        end = base + bytes.count
        limit = end
    }

    // MARK: Scanning

    /// One scan over the headers: ascending, nothing repeated, unpacked or over-long.
    ///
    /// False says only that the record must be rewritten; what is wrong with it is found there.
    func hasCanonicalLayout(_ table: FieldTable) -> Bool {
        let headers = table.headers
        let isUnion = table.isUnion
        var cursor = position
        var index = 0
        var previous: UInt32 = 0
        var members: UInt64 = 0
        while cursor < end {
            guard let tag = scanTag(&cursor) else { return false }
            let number = tag >> 3
            if number < previous || (isUnion && previous != 0) { return false }
            while index < headers.count, headers[index].number < number { index += 1 }
            let isKnown = index < headers.count && headers[index].number == number
            if isKnown {
                let field = headers[index]
                if field.wireType != tag & 7 || (number == previous && !field.isRepeated) {
                    return false
                }
                if members & field.oneof != 0 { return false }
                members |= field.oneof
            }
            guard scanValue(tag, minimal: !isKnown, &cursor) else { return false }
            previous = number
        }
        return true
    }

    /// True if a map entry is exactly key, then value.
    @usableFromInline
    func isPlainEntry(_ keyTag: UInt32, _ valueTag: UInt32) -> Bool {
        var cursor = position
        return scanEntryField(keyTag, &cursor) && scanEntryField(valueTag, &cursor)
            && cursor == end
    }

    private func scanEntryField(_ tag: UInt32, _ cursor: inout UnsafeRawPointer) -> Bool {
        guard cursor < end, UInt32(cursor.load(as: UInt8.self)) == tag else { return false }
        cursor += 1
        return scanValue(tag, minimal: false, &cursor)
    }

    /// A tag that is minimal and legal; nil for any other.
    @inline(__always)
    private func scanTag(_ cursor: inout UnsafeRawPointer) -> UInt32? {
        var value = UInt32(cursor.load(as: UInt8.self))
        cursor += 1
        if value >= 0x80 {
            guard cursor < end else { return nil }
            let second = UInt32(cursor.load(as: UInt8.self))
            guard second != 0 else { return nil }
            if second >= 0x80 {
                cursor -= 1
                return scanLongTag(&cursor)
            }
            value = value & 0x7F | second << 7
            cursor += 1
        }
        // Wire types 0, 1, 2 and 5.
        return value >= 8 && 0b10_0111 & 1 << (value & 7) != 0 ? value : nil
    }

    /// A tag of three to five bytes, that of an unknown field.
    @inline(never)
    private func scanLongTag(_ cursor: inout UnsafeRawPointer) -> UInt32? {
        var ahead = self
        ahead.position = cursor
        guard let tag = try? ahead.tag() else { return nil }
        cursor = ahead.position
        return tag
    }

    /// Steps over a value; false if it is malformed, or not minimal where asked for.
    @inline(__always)
    private func scanValue(
        _ tag: UInt32, minimal: Bool, _ cursor: inout UnsafeRawPointer
    ) -> Bool {
        var size = 0
        switch tag & 7 {
        case 0:
            var length = 1
            var byte: UInt8 = 0
            repeat {
                guard cursor < end, length <= 10 else { return false }
                byte = cursor.load(as: UInt8.self)
                cursor += 1
                length += 1
            } while byte >= 0x80
            return !minimal || byte != 0 || length == 2
        case 1: size = 8
        case 2:
            guard cursor < end else { return false }
            size = Int(cursor.load(as: UInt8.self))
            if size >= 0x80 {
                var ahead = self
                ahead.position = cursor
                guard let long = try? ahead.longLength() else { return false }
                cursor = ahead.position
                size = long
            } else {
                cursor += 1
            }
        default: size = 4
        }
        guard end - cursor >= size else { return false }
        cursor += size
        return true
    }
}
