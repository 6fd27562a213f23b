/// Section tags of a blob.
enum BlobSection {
    static let ring: UInt8 = 0x01
    static let counters: UInt8 = 0x02
    /// Tier i has tag `tiers + i`.
    static let tiers: UInt8 = 0x10

    static let magic: [UInt8] = Array("AFS1".utf8)
    static let layout: UInt8 = 1
    static let headerBytes = 40
}

extension FeatureState {
    /// The state's one encoding. The state has had an event.
    public func encode() -> [UInt8] {
        precondition(version > 0, "a state without an event is not stored")
        var blob = BlobWriter()
        blob.bytes.reserveCapacity(256)
        blob.fixed(version)
        blob.bytes.append(contentsOf: BlobSection.magic)
        blob.bytes.append(contentsOf: [BlobSection.layout, 0, 0, 0])
        blob.fixed(groupHash)
        blob.fixed(clock)
        blob.fixed(highestSequence)
        blob.section(BlobSection.ring, encodedRing())
        blob.section(BlobSection.counters, encodedCounters())
        for (index, layout) in group.layouts.enumerated() {
            blob.section(BlobSection.tiers + UInt8(index), encoded(tiles[index], layout))
        }
        blob.fixed(CRC32C.checksum(blob.bytes))
        return blob.bytes
    }

    private func encodedRing() -> BlobWriter {
        var writer = BlobWriter()
        writer.varint(UInt64(ring.entries.count))
        var previous = highestSequence
        for entry in ring.entries.reversed() {
            writer.varint(previous - entry.sequence)
            writer.varint(version - entry.version)
            previous = entry.sequence
        }
        return writer
    }

    /// Per tier: late count, bitmap of overflowed measures and, unless both are 0, the time since.
    private func encodedCounters() -> BlobWriter {
        var writer = BlobWriter()
        guard tiles.contains(where: \.isMarked) else { return writer }
        for tiles in tiles {
            writer.varint(tiles.lateCount)
            writer.varint(tiles.overflowed)
            if tiles.isMarked { writer.varint(clock - tiles.markedAt) }
        }
        return writer
    }

    private func encoded(_ tiles: Tiles, _ layout: TierLayout) -> BlobWriter {
        var writer = BlobWriter()
        guard !tiles.cells.isEmpty else { return writer }
        writer.varint(UInt64(tiles.cells.count / layout.stride))
        var previous: Int64 = 0
        for start in stride(from: 0, to: tiles.cells.count, by: layout.stride) {
            writer.varint(tiles.cells[start] - previous)
            previous = tiles.cells[start]
            var present: UInt64 = 0
            for columns in layout.columns where tiles.cells[start + columns.count] > 0 {
                present |= 1 << UInt64(columns.measure)
            }
            writer.varint(present)
            for columns in layout.columns where tiles.cells[start + columns.count] > 0 {
                write(tiles.cells, columns, at: start, to: &writer)
            }
        }
        return writer
    }

    private func write(
        _ cells: [Int64], _ columns: Columns, at start: Int, to writer: inout BlobWriter
    ) {
        let count = cells[start + columns.count]
        writer.varint(count)
        guard let sum = columns.sum else { return }
        writer.zigzag(cells[start + sum])
        // Of one value, everything else follows from the sum.
        guard count > 1 else { return }
        if let max = columns.max { writer.zigzag(cells[start + max]) }
        if let min = columns.min { writer.zigzag(cells[start + min]) }
        if let logarithms = columns.logarithms {
            writer.varint(cells[start + logarithms])
            writer.varint(cells[start + logarithms + 1])
        }
    }
}
