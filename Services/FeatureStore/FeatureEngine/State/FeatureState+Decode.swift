extension FeatureState {
    /// Reads a blob; refuses anything that `encode` would not have written for this group.
    public init(decoding blob: [UInt8], group: Group, groupHash: UInt64) throws(BlobError) {
        self.init(group: group, groupHash: groupHash)
        let body = blob.count - 4
        guard body >= BlobSection.headerBytes else {
            throw BlobError(reason: .truncated, offset: blob.count)
        }
        var stored: UInt32 = 0
        for index in 0..<4 { stored |= UInt32(blob[body + index]) << (8 * UInt32(index)) }
        guard stored == CRC32C.checksum(blob[..<body]) else {
            throw BlobError(reason: .checksum, offset: body)
        }
        var reader = BlobReader(blob[..<body])
        let highest = try decodeHeader(&reader)
        var previous: UInt8 = 0
        while !reader.isAtEnd {
            let tag = try reader.byte()
            guard tag > previous else { throw reader.failure(.notCanonical) }
            previous = tag
            var section = try reader.section()
            switch tag {
            case BlobSection.ring: try decodeRing(&section, highest: highest)
            case BlobSection.counters: try decodeCounters(&section)
            case BlobSection.tiers..<BlobSection.tiers + UInt8(tiles.count):
                try decodeTiles(&section, tier: Int(tag - BlobSection.tiers))
            default: throw reader.failure(.notCanonical)
            }
            try section.finish()
        }
        guard !ring.entries.isEmpty else { throw reader.failure(.notCanonical) }
    }

    /// Returns the highest sequence.
    private mutating func decodeHeader(_ reader: inout BlobReader) throws(BlobError) -> UInt64 {
        let numbers: ClosedRange<UInt64> = 1...UInt64(Int64.max)
        version = try reader.fixed64()
        guard numbers.contains(version) else { throw reader.failure(.outOfRange) }
        for expected in BlobSection.magic + [BlobSection.layout, 0, 0, 0] {
            guard try reader.byte() == expected else { throw reader.failure(.header) }
        }
        guard try reader.fixed64() == groupHash else { throw reader.failure(.otherGroup) }
        clock = Int64(bitPattern: try reader.fixed64())
        guard (0...EngineEvent.latestTime).contains(clock) else {
            throw reader.failure(.outOfRange)
        }
        let highest = try reader.fixed64()
        guard numbers.contains(highest) else { throw reader.failure(.outOfRange) }
        return highest
    }

    private mutating func decodeRing(
        _ reader: inout BlobReader, highest: UInt64
    ) throws(BlobError) {
        let count = try reader.count(in: 1...Int64(SequenceRing.capacity))
        var entries: [SequenceRing.Entry] = []
        var previous = highest
        for index in 0..<count {
            let step = try reader.varint()
            let age = try reader.varint()
            // The first is the highest itself, the others are below it; none is 0.
            guard (step == 0) == (index == 0), step < previous, age < version else {
                throw reader.failure(.outOfRange)
            }
            previous -= step
            entries.append(SequenceRing.Entry(sequence: previous, version: version - age))
        }
        ring = SequenceRing(entries.reversed())
    }

    private mutating func decodeCounters(_ reader: inout BlobReader) throws(BlobError) {
        for (index, layout) in group.layouts.enumerated() {
            tiles[index].lateCount = UInt64(try reader.count(in: 0...Int64.max))
            tiles[index].overflowed = try reader.varint()
            guard tiles[index].overflowed & ~layout.measures == 0 else {
                throw reader.failure(.outOfRange)
            }
            guard tiles[index].isMarked else { continue }
            let age = try reader.count(in: 0...clock)
            tiles[index].markedAt = clock - age
            guard tiles[index].marks(reach: clock, layout.tier) else {
                throw reader.failure(.notCanonical)
            }
        }
        guard tiles.contains(where: \.isMarked) else { throw reader.failure(.notCanonical) }
    }

    private mutating func decodeTiles(
        _ reader: inout BlobReader, tier index: Int
    ) throws(BlobError) {
        let layout = group.layouts[index]
        let tier = layout.tier
        let oldest = max(0, tier.oldestTile(at: clock, length: tier.span))
        let newest = clock.floorDivided(by: tier.hop)
        let count = try reader.count(in: 1...(newest - oldest + 1))
        var cells: [Int64] = []
        cells.reserveCapacity(Int(min(count, tier.maximumTiles)) * layout.stride)
        var tile: Int64 = 0
        for row in 0..<count {
            let range = row == 0 ? oldest...newest : 1...max(1, newest - tile)
            tile += try reader.count(in: range)
            guard tile <= newest else { throw reader.failure(.outOfRange) }
            let present = try reader.varint()
            guard present != 0, present & ~layout.measures == 0 else {
                throw reader.failure(.outOfRange)
            }
            let start = cells.count
            cells.append(contentsOf: repeatElement(0, count: layout.stride))
            cells[start] = tile
            for columns in layout.columns where present >> UInt64(columns.measure) & 1 == 1 {
                try decodeMeasure(&reader, columns, at: start, into: &cells)
            }
        }
        tiles[index].cells = cells
    }

    private func decodeMeasure(
        _ reader: inout BlobReader, _ columns: Columns, at start: Int, into cells: inout [Int64]
    ) throws(BlobError) {
        let count = try reader.count(in: 1...Int64.max)
        cells[start + columns.count] = count
        guard let sumColumn = columns.sum else { return }
        let sum = try reader.zigzag()
        cells[start + sumColumn] = sum
        let isOne = count == 1
        if let max = columns.max { cells[start + max] = isOne ? sum : try reader.zigzag() }
        if let min = columns.min { cells[start + min] = isOne ? sum : try reader.zigzag() }
        if let logarithms = columns.logarithms {
            let one = Logarithm.ln1024(sum)
            let range = 0...Int64.max
            cells[start + logarithms] = isOne ? one : try reader.count(in: range)
            cells[start + logarithms + 1] = isOne ? one * one : try reader.count(in: range)
        }
    }
}
