/// Where a row of values lies among the columns of a table: time, sequence, a bit for each value
/// that is there, then the values, then the sums and whether they may lack a part.
struct ValueLayout: Sendable {
    static let maximumValues = 62

    /// The column of the time.
    let time: Int
    let kinds: [ValueKind]
    let sums: Int

    init(time: Int, kinds: [ValueKind], sums: Int = 0) {
        precondition(kinds.count <= Self.maximumValues)
        self.time = time
        self.kinds = kinds
        self.sums = sums
    }

    var sequence: Int { time + 1 }
    var present: Int { time + 2 }
    func value(_ index: Int) -> Int { time + 3 + index }
    func sum(_ index: Int) -> Int { value(kinds.count) + index }
    /// 1 if the row came while the table was full; only of a table with sums.
    var isPartial: Int { sum(sums) }
    var width: Int { sums > 0 ? isPartial + 1 : isPartial }

    /// The most bytes of an encoded row, with a key.
    var maximumEncodedBytes: Int { (width + 2 + kinds.count) * BlobWriter.maximumVarint }
}

extension ColumnTable {
    /// R14: whether the row is newer than an event of this time and sequence.
    func isNewer(_ row: Int, _ layout: ValueLayout, time: Int64, sequence: UInt64) -> Bool {
        let own = self[row, layout.time]
        return own != time ? own > time : UInt64(self[row, layout.sequence]) > sequence
    }

    /// Sets time, sequence and values; `first` is the place of the first among the source's.
    mutating func set(
        _ row: Int, _ layout: ValueLayout, _ event: EngineEvent, sequence: UInt64,
        _ source: Source, first: Int
    ) {
        self[row, layout.time] = event.time
        self[row, layout.sequence] = Int64(sequence)
        var present: Int64 = 0
        for (index, kind) in layout.kinds.enumerated() {
            let value = source.value(first + index, of: event)
            if value != nil { present |= 1 << Int64(index) }
            self[row, layout.value(index)] = value.map(kind.canonical) ?? 0
        }
        self[row, layout.present] = present
    }

    // MARK: Codec

    func encodeValues(_ row: Int, _ layout: borrowing ValueLayout, to writer: inout BlobWriter) {
        guard !layout.kinds.isEmpty else { return }
        var present = self[row, layout.present]
        writer.varint(present)
        while present != 0 {
            let index = present.trailingZeroBitCount
            present &= present - 1
            let kind = layout.kinds[index]
            let word = self[row, layout.value(index)]
            switch kind {
            case .integer, .time: writer.zigzag(word)
            case .code: writer.varint(word)
            case .flag: writer.byte(UInt8(word))
            case .hash, .double: writer.fixed(UInt64(bitPattern: word))
            case .place:
                let (latitude, longitude) = ValueKind.coordinates(word)
                writer.zigzag(Int64(latitude))
                writer.zigzag(Int64(longitude))
            }
        }
    }

}

extension ColumnTable.MutableCells {
    /// The other cells of the row are zeros.
    func decodeValues(
        _ row: Int, _ layout: borrowing ValueLayout, _ reader: inout BlobReader
    ) throws(BlobError) {
        let count = layout.kinds.count
        guard count > 0 else { return }
        var present = try reader.count(in: 0...(1 << Int64(count)) - 1)
        self[row, layout.present] = present
        while present != 0 {
            let index = present.trailingZeroBitCount
            self[row, layout.value(index)] = try reader.word(layout.kinds[index])
            present &= present - 1
        }
    }
}

extension BlobReader {
    fileprivate mutating func word(_ kind: ValueKind) throws(BlobError) -> Int64 {
        switch kind {
        case .integer, .time: return try zigzag()
        case .code: return try count(in: 0...Int64.max)
        case .flag:
            let flag = try byte()
            guard flag < 2 else { throw failure(.outOfRange) }
            return Int64(flag)
        case .hash, .double: return Int64(bitPattern: try fixed64())
        case .place:
            guard let latitude = Int32(exactly: try zigzag()),
                let longitude = Int32(exactly: try zigzag())
            else { throw failure(.outOfRange) }
            return ValueKind.place(latitude: latitude, longitude: longitude)
        }
    }

    /// A time not after the clock and not dropped, as its distance from `later`.
    mutating func time(before later: Int64, from oldest: Int64) throws(BlobError) -> Int64 {
        let time = later - (try count(in: 0...later))
        guard time >= oldest else { throw failure(.notCanonical) }
        return time
    }

    /// A sequence, as its distance from the highest.
    mutating func sequence(to highest: UInt64) throws(BlobError) -> Int64 {
        let distance = try varint()
        guard distance < highest else { throw failure(.outOfRange) }
        return Int64(highest - distance)
    }
}
