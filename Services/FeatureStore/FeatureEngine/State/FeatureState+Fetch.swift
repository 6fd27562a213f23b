/// Most states of an event were not used for long, so that they lie in memory and not in a
/// processor's cache: in dozens of small pieces, for each of which a read or an apply would wait in
/// turn. These loops read a little of each piece and depend on nothing but the piece before, so that
/// the processor waits for many at once.
///
/// Both are mutating to be called on a state where it lies: a copy would touch each piece too. The
/// sums say nothing; somebody must want them.
extension FeatureState {
    /// Where the tables of the state are.
    public mutating func fetchParts() -> Int64 {
        var sum: Int64 = 0
        tiles.withUnsafeBufferPointer { tiles in
            for index in tiles.indices { sum &+= Int64(tiles[index].rows.count) }
        }
        attributes.withUnsafeBufferPointer { attributes in
            for index in attributes.indices { sum &+= Int64(attributes[index].rows.count) }
        }
        tables.withUnsafeBufferPointer { tables in
            for index in tables.indices { sum &+= Int64(tables[index].rows.count) }
        }
        recents.withUnsafeBufferPointer { recents in
            for index in recents.indices { sum &+= Int64(recents[index].rows.count) }
        }
        return sum
    }

    /// What the tables hold, or the first of it. Call ``fetchParts()`` of all states before.
    public mutating func fetchCells() -> Int64 {
        var sum = registers.rows.fetch() &+ Int64(ring.entries.count)
        tiles.withUnsafeBufferPointer { tiles in
            for index in tiles.indices { sum &+= tiles[index].rows.fetch() }
        }
        attributes.withUnsafeBufferPointer { attributes in
            for index in attributes.indices { sum &+= attributes[index].rows.fetch() }
        }
        tables.withUnsafeBufferPointer { tables in
            for index in tables.indices { sum &+= tables[index].rows.fetch() }
        }
        recents.withUnsafeBufferPointer { recents in
            for index in recents.indices { sum &+= recents[index].rows.fetch() }
        }
        return sum
    }
}
