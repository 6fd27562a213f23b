/// Section tags of a blob.
enum BlobSection {
    static let ring: UInt8 = 0x01
    static let counters: UInt8 = 0x02
    static let registers: UInt8 = 0x03
    // Tier i has tag `tiers + i`, and so on.
    static let tiers: UInt8 = 0x10
    static let attributes: UInt8 = 0x20
    static let sketches: UInt8 = 0x40
    static let tables: UInt8 = 0x60
    static let recents: UInt8 = 0x80

    /// `AFS1`, the layout 1, the flags and two zeros, as one little-endian number.
    static func marks(flags: UInt8) -> UInt64 {
        0x0000_0001_3153_4641 | UInt64(flags) << 40
    }
    static let headerBytes = 40
}

extension FeatureState {
    /// The state's one encoding. The state has had an event.
    public func encode() -> [UInt8] {
        precondition(version > 0, "a state without an event is not stored")
        return [UInt8](unsafeUninitializedCapacity: maximumEncodedBytes) { bytes, count in
            var writer = BlobWriter(bytes)
            encode(to: &writer)
            count = writer.count
        }
    }

    /// What ``BlobWriter`` is promised.
    private var maximumEncodedBytes: Int {
        let ring = ring.entries.count * 2 * BlobWriter.maximumVarint
        let counters = tiles.count * 3 * BlobWriter.maximumVarint
        var bytes = 128 + ring + counters
        for tiles in tiles { bytes += tiles.maximumEncodedBytes }
        for layout in group.registerLayouts { bytes += layout.maximumEncodedBytes }
        for attribute in attributes { bytes += attribute.maximumEncodedBytes }
        for (table, layout) in zip(tables, group.tableLayouts) {
            bytes += 20 + table.rows.count * layout.maximumEncodedBytes
        }
        for (list, layout) in zip(recents, group.recentLayouts) {
            bytes += 20 + list.rows.count * layout.maximumEncodedBytes
        }
        return bytes
    }

    private func encode(to blob: inout BlobWriter) {
        blob.fixed(version)
        blob.fixed(BlobSection.marks(flags: blobFlags))
        blob.fixed(groupHash)
        blob.fixed(UInt64(bitPattern: clock))
        blob.fixed(highestSequence)
        blob.section(BlobSection.ring, encodeRing)
        blob.section(BlobSection.counters, encodeCounters)
        blob.section(BlobSection.registers) {
            registers.encode(to: &$0, group, clock: clock, highest: highestSequence)
        }
        for (index, layout) in group.layouts.enumerated() {
            blob.section(BlobSection.tiers + UInt8(index)) {
                tiles[index].encode(to: &$0, layout)
            }
        }
        encodeLists(to: &blob)
        blob.fixed(CRC32C.checksum(blob.written))
    }

    private func encodeLists(to blob: inout BlobWriter) {
        let highest = highestSequence
        for (index, attribute) in attributes.enumerated() {
            blob.section(BlobSection.attributes + UInt8(index)) {
                attribute.encode(to: &$0, clock: clock)
            }
        }
        for (index, attribute) in attributes.enumerated() {
            blob.section(BlobSection.sketches + UInt8(index)) {
                attribute.encodeSketch(to: &$0, clock: clock)
            }
        }
        for (index, layout) in group.tableLayouts.enumerated() {
            blob.section(BlobSection.tables + UInt8(index)) {
                tables[index].encode(to: &$0, layout, clock: clock, highest: highest)
            }
        }
        for (index, layout) in group.recentLayouts.enumerated() {
            blob.section(BlobSection.recents + UInt8(index)) {
                recents[index].encode(to: &$0, layout, clock: clock, highest: highest)
            }
        }
    }

    /// Bit 0: the state is kept for ever.
    var blobFlags: UInt8 { group.reach == nil ? 1 : 0 }

    private func encodeRing(to writer: inout BlobWriter) {
        writer.varint(UInt64(ring.entries.count))
        var previous = highestSequence
        for entry in ring.entries.reversed() {
            writer.varint(previous - entry.sequence)
            writer.varint(version - entry.version)
            previous = entry.sequence
        }
    }

    /// Per tier: late count, bitmap of overflowed measures and, unless both are 0, the time since.
    private func encodeCounters(to writer: inout BlobWriter) {
        guard tiles.contains(where: \.isMarked) else { return }
        for tiles in tiles {
            writer.varint(tiles.lateCount)
            writer.varint(tiles.overflowed)
            if tiles.isMarked { writer.varint(clock - tiles.markedAt) }
        }
    }
}
