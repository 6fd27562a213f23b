extension FeatureState {
    /// Reads a blob; refuses anything that `encode` would not have written for this group.
    public init(decoding blob: [UInt8], group: Group, groupHash: UInt64) throws(BlobError) {
        var state = FeatureState(group: group, groupHash: groupHash)
        try blob.withUnsafeBufferPointer { bytes throws(BlobError) in
            try state.decode(UnsafeRawBufferPointer(bytes))
        }
        self = state
    }

    private mutating func decode(_ blob: UnsafeRawBufferPointer) throws(BlobError) {
        let body = blob.count - 4
        guard body >= BlobSection.headerBytes else {
            throw BlobError(reason: .truncated, offset: blob.count)
        }
        let stored = UInt32(
            littleEndian: blob.loadUnaligned(fromByteOffset: body, as: UInt32.self))
        guard stored == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: blob[..<body])) else {
            throw BlobError(reason: .checksum, offset: body)
        }
        var reader = BlobReader(blob, 0..<body)
        let highest = try decodeHeader(&reader)
        var previous: UInt8 = 0
        while !reader.isAtEnd {
            let tag = try reader.byte()
            guard tag > previous else { throw reader.failure(.notCanonical) }
            previous = tag
            var section = try reader.section()
            try decode(tag, &section, highest: highest)
            try section.finish()
        }
        guard !ring.entries.isEmpty else { throw reader.failure(.notCanonical) }
    }

    private mutating func decode(
        _ tag: UInt8, _ section: inout BlobReader, highest: UInt64
    ) throws(BlobError) {
        /// The position that a tag of a run of sections names.
        func position(_ first: UInt8, _ count: Int) -> Int? {
            let position = Int(tag) - Int(first)
            return (0..<count).contains(position) ? position : nil
        }
        if tag == BlobSection.ring {
            try decodeRing(&section, highest: highest)
        } else if tag == BlobSection.counters {
            try decodeCounters(&section)
        } else if tag == BlobSection.registers {
            try registers.decode(&section, group, clock: clock, highest: highest)
        } else if let tier = position(BlobSection.tiers, tiles.count) {
            try tiles[tier].decode(&section, group.layouts[tier], clock: clock)
        } else if let index = position(BlobSection.attributes, attributes.count) {
            try attributes[index].decode(
                &section, group.attributes[index], group.attributeRetentions[index], clock: clock)
        } else if let index = position(BlobSection.sketches, attributes.count) {
            try attributes[index].decodeSketch(
                &section, group.attributes[index], group.attributeRetentions[index], clock: clock)
        } else if let index = position(BlobSection.tables, tables.count) {
            try tables[index].decode(
                &section, group.tables[index], group.tableLayouts[index],
                from: group.tableRetentions[index].oldest(at: clock), clock: clock,
                highest: highest)
        } else if let index = position(BlobSection.recents, recents.count) {
            try recents[index].decode(
                &section, group.recents[index], group.recentLayouts[index],
                from: group.recentRetentions[index].oldest(at: clock), clock: clock,
                highest: highest)
        } else {
            throw section.failure(.notCanonical)
        }
    }

    /// Returns the highest sequence.
    private mutating func decodeHeader(_ reader: inout BlobReader) throws(BlobError) -> UInt64 {
        let numbers: ClosedRange<UInt64> = 1...UInt64(Int64.max)
        version = try reader.fixed64()
        guard numbers.contains(version) else { throw reader.failure(.outOfRange) }
        guard try reader.fixed64() == BlobSection.marks(flags: blobFlags) else {
            throw reader.failure(.header)
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
        let count = try reader.rows(upTo: SequenceRing.capacity, bytes: 2)
        // Read from the end: the ring ascends.
        var entries = [SequenceRing.Entry](
            repeating: SequenceRing.Entry(sequence: 0, version: 0), count: count)
        var previous = highest
        for index in 0..<count {
            let step = try reader.varint()
            let age = try reader.varint()
            // The first is the highest itself, the others are below it; none is 0.
            guard (step == 0) == (index == 0), step < previous, age < version else {
                throw reader.failure(.outOfRange)
            }
            previous -= step
            entries[count - 1 - index] = SequenceRing.Entry(
                sequence: previous, version: version - age)
        }
        ring = SequenceRing(entries)
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
}
